import { createHash } from 'node:crypto';
import type { TableName } from '../../../../model/table-name.ts';
import type { Session } from '../../connections/session.ts';
import { literal, quote } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { TRIGGER_KINDS, triggerName } from '../trigger-names.ts';
import { renderCreate, renderDrop, type TriggerText } from './render-triggers.ts';

/** What stands beside a trigger while MySQL, which cannot replace one, drops it and makes it anew. */
export interface Beside {
  /** A variable of the session, which the trigger sets. */
  readonly mark: string;
  /** Forgets the mark before the trigger fires for a row. */
  readonly first: string;
  /** Records the row in its place where there is no mark. */
  readonly last: string;
}

const HASH_LETTERS = 24;

export function besideOf({ schema }: TableName, name: string): Beside {
  const hash = createHash('sha256').update(`${schema}.${name}`).digest('hex').slice(0, HASH_LETTERS);
  return { mark: `@sluice_${hash}`, first: `sluice_${hash}_first`, last: `sluice_${hash}_last` };
}

const renderForget = ({ mark }: Beside): string => `SET ${mark} = NULL`;

/** A trigger that leaves its mark with each row. */
export function renderMarked(table: TableName, text: TriggerText): TriggerText {
  const { mark } = besideOf(table, text.name);
  return { ...text, body: `BEGIN\nSET ${mark} = 1;\n${text.body};\nEND` };
}

/** Whether a trigger that records nothing is one that stood beside one of ours when its maker died. */
export const isForgetting = (
  names: CaptureNames,
  table: TableName,
  { name, body }: Pick<TriggerText, 'name' | 'body'>,
): boolean =>
  TRIGGER_KINDS.some((kind) => {
    const beside = besideOf(table, triggerName(names, table, kind));
    return name === beside.first && body === renderForget(beside);
  });

async function standingOf(
  session: Session,
  { schema }: TableName,
  names: readonly string[],
): Promise<Set<string>> {
  const { rows } = await session.query(
    `SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${literal(schema)} AND TRIGGER_NAME IN (${names.map(literal).join(', ')})`,
  );
  return new Set(rows.map(([name]) => name ?? ''));
}

export interface Replacement {
  readonly table: TableName;
  readonly text: Pick<TriggerText, 'name' | 'when' | 'body'>;
  /** Runs a statement that waits for the table. */
  readonly run: (statement: string) => Promise<void>;
}

/** What a replacement left beside a trigger that stands. */
export async function dropBeside(session: Session, { table, text, run }: Replacement): Promise<void> {
  const { first, last } = besideOf(table, text.name);
  const stands = await standingOf(session, table, [first, last]);
  for (const name of [last, first]) if (stands.has(name)) await run(renderDrop(table, name));
}

/**
 * A trigger anew, whatever stands of an earlier attempt. Each row of others is recorded by one trigger at each moment, also where this ends in
 * between: by the old one or the new one, of which each leaves a mark, or by the one that records where there is none. What is in a session since
 * before does not count, for the mark of each row is forgotten first. LOCK TABLES would do it in two statements; but it waits for all that have
 * written an event of any table, holds up all that want to, and lets the application write unrecorded if this process dies.
 */
export async function replaceBeside(session: Session, replacement: Replacement): Promise<void> {
  const { table, text, run } = replacement;
  const beside = besideOf(table, text.name);
  const { mark, first, last } = beside;
  const stands = await standingOf(session, table, [text.name, first, last]);
  const make = (name: string, body: string, place: string): Promise<void> =>
    run(renderCreate(table, { name, when: text.when, body }, { place }));
  const drop = async (name: string): Promise<void> => {
    if (stands.delete(name)) await run(renderDrop(table, name));
  };
  if (stands.has(text.name)) {
    await drop(last); // it would record what an earlier one wanted
    if (!stands.has(first)) await make(first, renderForget(beside), `PRECEDES ${quote(text.name)}`);
    await make(last, `IF ${mark} IS NULL THEN\n${text.body};\nEND IF`, `FOLLOWS ${quote(text.name)}`);
    stands.add(first).add(last);
    await drop(text.name);
  }
  await make(text.name, text.body, stands.has(last) ? `PRECEDES ${quote(last)}` : '');
  await drop(last);
  await drop(first);
}
