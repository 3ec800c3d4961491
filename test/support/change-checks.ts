import { expect } from 'vitest';
import { LOAD_TABLES } from './change-load.ts';
import type { StageDatabase } from './stage-databases.ts';

/** What must be true of a target that follows a source under the load, at any time and at the end. */
export interface ChangeChecks {
  /** Every list of the target is a beginning of the source's, now. */
  expectPrefixes(): Promise<void>;
  /** No difference in any table. */
  expectEqual(): Promise<void>;
}

async function listsOf(database: Pick<StageDatabase, 'query'>): Promise<ReadonlyMap<string, string>> {
  const rows = await database.query('SELECT k, list FROM lists');
  return new Map(rows.map(([k, list]) => [k ?? '', list ?? '']));
}

export const changeChecks = (source: StageDatabase, target: StageDatabase): ChangeChecks => ({
  expectPrefixes: async () => {
    const copied = await listsOf(target);
    // Asked after: what the target has by then, the source had before.
    const lists = await listsOf(source);
    for (const [k, list] of copied) expect(lists.get(k)?.startsWith(list), `list ${k}`).toBe(true);
  },
  expectEqual: async () => {
    for (const table of LOAD_TABLES)
      expect(await target.digest(table), table).toBe(await source.digest(table));
  },
});

/** From now on a PostgreSQL target notes each time that a list does not grow, or becomes another one. */
export const WATCH_LISTS = `
  CREATE TABLE list_faults (k integer, before text, after text);
  CREATE FUNCTION note_list_fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF length(NEW.list) <= length(OLD.list) OR left(NEW.list, length(OLD.list)) <> OLD.list THEN
      INSERT INTO public.list_faults VALUES (NEW.k, OLD.list, NEW.list);
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER note_list_fault AFTER UPDATE ON lists FOR EACH ROW EXECUTE FUNCTION note_list_fault()`;
