import { type DeployedTable, deployedTable } from '../../../../engine/capture/triggers/known-table.ts';
import { payloadColumns } from '../../../../engine/capture/triggers/recorded-columns.ts';
import type { TableToCapture } from '../../../../engine/ports/trigger-manager.ts';
import type { CapturePlace } from '../../../../model/capture-spec.ts';
import type { TableName } from '../../../../model/table-name.ts';
import type { Session } from '../../pool.ts';
import { captureNames } from '../capture-tables.ts';
import type { Definitions } from './standing-triggers.ts';

/** A table that is or was captured, as the installation has it. */
export interface KnownTable extends DeployedTable<Definitions> {
  readonly oid: string;
  readonly isDropped: boolean;
}

/** One table, or all. */
export type KnownFilter = { readonly oid: string } | { readonly table: TableName } | null;

/** In the order of their numbers. The name is what the table is called now; that of a table that is gone is its last one. */
export async function readKnown(
  session: Session,
  place: CapturePlace,
  filter: KnownFilter = null,
): Promise<readonly KnownTable[]> {
  const oid = filter !== null && 'oid' in filter ? filter.oid : null;
  const table = filter !== null && 'table' in filter ? filter.table : null;
  const { rows } = await session.query(
    `SELECT k.number, coalesce(n.nspname, k.table_schema), coalesce(c.relname, k.table_name), k.spec,
       to_json(k.columns), to_json(k.primary_key), k.definitions, k.table_oid::text, k.dropped_at IS NOT NULL
     FROM ${captureNames(place).tables} k LEFT JOIN pg_class c ON c.oid = k.table_oid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE ($1::oid IS NULL OR k.table_oid = $1)
       AND ($3::text IS NULL OR (coalesce(n.nspname, k.table_schema), coalesce(c.relname, k.table_name)) = ($2::text, $3))
     ORDER BY k.number`,
    [oid, table?.schema ?? null, table?.name ?? null],
  );
  return rows.map((cells) => ({
    ...deployedTable<Definitions>(cells),
    oid: cells[7] ?? '',
    isDropped: cells[8] === 't',
  }));
}

/** The number of the table, which is its own for ever: the same for the same table, and a new one for another of its name. */
export async function numberOf(
  session: Session,
  place: CapturePlace,
  wanted: { readonly table: TableName; readonly oid: string },
): Promise<number> {
  const { tables } = captureNames(place);
  const { table, oid } = wanted;
  // Others that had the name: a table that was dropped, or renamed and captured no longer.
  await session.query(
    `UPDATE ${tables} SET dropped_at = now() WHERE dropped_at IS NULL AND table_schema = $1 AND table_name = $2 AND table_oid <> $3`,
    [table.schema, table.name, oid],
  );
  const known = await session.cell(`SELECT max(number) FROM ${tables} WHERE table_oid = $1`, [oid]);
  if (known !== null) return Number(known);
  return Number(
    await session.cell(
      `INSERT INTO ${tables} (table_schema, table_name, table_oid, spec, columns, primary_key, definitions)
       VALUES ($1, $2, $3, '{}', '{}', '{}', '{"wanted":{},"printed":{}}') RETURNING number`,
      [table.schema, table.name, oid],
    ),
  );
}

export async function writeKnown(
  session: Session,
  place: CapturePlace,
  known: { readonly number: number; readonly wanted: TableToCapture; readonly definitions: Definitions },
): Promise<void> {
  const { number, wanted, definitions } = known;
  const { table, spec } = wanted;
  await session.query(
    `UPDATE ${captureNames(place).tables} SET table_schema = $2, table_name = $3, spec = $4, columns = $5, primary_key = $6,
       definitions = $7, deployed_at = now(), dropped_at = NULL WHERE number = $1`,
    [
      number,
      table.table.schema,
      table.table.name,
      JSON.stringify(spec),
      payloadColumns(wanted).map(({ name }) => name),
      table.primaryKey?.columns ?? [],
      JSON.stringify(definitions),
    ],
  );
}
