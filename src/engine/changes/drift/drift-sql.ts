import type { TableDrift } from '../../../model/drift.ts';
import { raw, sql, type Statement } from '../../quarantine/statement.ts';

/** Names as the database quotes them, and what of SQL is not the same everywhere. */
export interface DriftDialect {
  readonly drift: string;
  readonly tables: string;
  readonly lanes: string;
  /** Behind a SELECT whose rows are locked until the end of the transaction. */
  readonly forUpdate: string;
  /** One row where the table is there. */
  readonly there: Statement;
}

export interface NotedCopy {
  readonly table: string;
  readonly run: number;
  readonly generation: number;
  /** Digits. */
  readonly upto: string;
}

/** Statements over the table, whose columns are the same in every database: a row a table of a transfer. */
export function driftSql(dialect: DriftDialect) {
  const drift = raw(dialect.drift);
  const tables = raw(dialect.tables);
  const of = (transfer: string, table: string): Statement =>
    sql`transfer = ${transfer} AND table_id = ${table}`;
  return {
    copied: (transfer: string, run: number) =>
      sql`SELECT d.table_id, d.copied_upto FROM ${drift} d WHERE d.transfer = ${transfer} AND d.run = ${run} AND d.copied_upto IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ${tables} t WHERE t.transfer = d.transfer AND t.run = d.run AND t.table_id = d.table_id AND t.generation > d.generation)`,
    noted: (transfer: string) =>
      sql`SELECT table_id, run, generation FROM ${drift} WHERE transfer = ${transfer} AND copied_upto IS NOT NULL`,
    counts: (transfer: string) =>
      sql`SELECT table_id, update_missing, insert_existing, delete_missing FROM ${drift} WHERE transfer = ${transfer} AND update_missing + insert_existing + delete_missing > 0 ORDER BY table_id`,
    note: (transfer: string, { table, run, generation, upto }: NotedCopy) =>
      sql`UPDATE ${drift} SET run = ${run}, generation = ${generation}, copied_upto = ${raw(BigInt(upto).toString())}, update_missing = 0, insert_existing = 0, delete_missing = 0 WHERE ${of(transfer, table)}`,
    insertNote: (transfer: string, { table, run, generation, upto }: NotedCopy) =>
      sql`INSERT INTO ${drift} (transfer, table_id, run, generation, copied_upto, update_missing, insert_existing, delete_missing) VALUES (${transfer}, ${table}, ${run}, ${generation}, ${raw(BigInt(upto).toString())}, 0, 0, 0)`,
    add: (transfer: string, { table, update, insert, delete: gone }: TableDrift) =>
      sql`UPDATE ${drift} SET update_missing = update_missing + ${update}, insert_existing = insert_existing + ${insert}, delete_missing = delete_missing + ${gone} WHERE ${of(transfer, table)}`,
    insertCounts: (transfer: string, { table, update, insert, delete: gone }: TableDrift) =>
      sql`INSERT INTO ${drift} (transfer, table_id, run, generation, copied_upto, update_missing, insert_existing, delete_missing) VALUES (${transfer}, ${table}, 0, 0, NULL, ${update}, ${insert}, ${gone})`,
    /** Who notes copies waits for the batches of the transfer's lanes, and for who notes some too. */
    lockChanges: (transfer: string) =>
      sql`SELECT lane FROM ${raw(dialect.lanes)} WHERE transfer = ${transfer} AND table_id LIKE '(changes%'${raw(dialect.forUpdate)}`,
  };
}
