import BetterSqlite from 'better-sqlite3';
import { expect } from 'vitest';
import type { ChangeEvent } from '../../src/model/change-event.ts';

export interface ReplayedTable {
  readonly columns: string;
  readonly suffix?: string;
  /** What stands behind CREATE UNIQUE INDEX … ON t. */
  readonly indexes?: readonly string[];
  /** Where the target's differ. */
  readonly targetColumns?: string;
  readonly key: readonly string[];
}

type Value = bigint | number | string | Buffer | null;

/** A value from its canonical text of kind `any`. */
function valueOf(text: string | null): Value {
  if (text === null) return null;
  const rest = text.slice(1);
  if (text.startsWith('i')) return BigInt(rest);
  if (text.startsWith('r')) return Number(rest);
  return text.startsWith('b') ? Buffer.from(rest.slice(2), 'hex') : rest;
}

const rowOf = (json: string): Readonly<Record<string, Value>> =>
  Object.fromEntries(
    Object.entries(JSON.parse(json) as Record<string, string | null>).map(([name, text]) => [
      name,
      valueOf(text),
    ]),
  );

/** A table that is made by events alone, one after the other, with the same unique keys: none may stand in the way of the next. */
export class Replay {
  readonly name: string;
  readonly events: ChangeEvent[] = [];
  readonly #application: BetterSqlite.Database;
  readonly #target = new BetterSqlite(':memory:');
  readonly #key: readonly string[];
  readonly #take: () => Promise<readonly ChangeEvent[]>;

  constructor(
    application: BetterSqlite.Database,
    source: {
      readonly name: string;
      readonly table: ReplayedTable;
      readonly take: () => Promise<readonly ChangeEvent[]>;
    },
  ) {
    this.#application = application;
    this.name = source.name;
    this.#key = source.table.key;
    this.#take = source.take;
    const { columns, targetColumns = columns, suffix = '', indexes = [] } = source.table;
    this.#target.exec(`CREATE TABLE t (${targetColumns})${suffix}`);
    for (const [at, index] of indexes.entries())
      this.#target.exec(`CREATE UNIQUE INDEX i${at} ON t ${index}`);
  }

  #apply({ operation, old, new: now }: ChangeEvent): void {
    if (operation === 'D') {
      const row = rowOf(old ?? '{}');
      this.#target
        .prepare(`DELETE FROM t WHERE ${this.#key.map((name) => `${name} IS ?`).join(' AND ')}`)
        .run(...this.#key.map((name) => row[name] ?? null));
      return;
    }
    const row = rowOf(now ?? '{}');
    const names = Object.keys(row);
    const sets = names.map((name) => `${name} = excluded.${name}`);
    this.#target
      .prepare(
        `INSERT INTO t (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')}) ON CONFLICT (${this.#key.join(', ')}) DO UPDATE SET ${sets.join(', ')}`,
      )
      .run(...Object.values(row));
  }

  async expectEqual(after: string): Promise<void> {
    for (const event of await this.#take()) {
      this.events.push(event);
      this.#apply(event);
    }
    const rows = (database: BetterSqlite.Database, name: string): unknown[] =>
      database
        .prepare(
          `SELECT * FROM ${name} ORDER BY ${this.#key.map((each) => `${each} COLLATE BINARY`).join(', ')}`,
        )
        .raw()
        .safeIntegers()
        .all();
    expect(rows(this.#target, 't'), after).toStrictEqual(rows(this.#application, this.name));
  }
}
