import { knownTable, type KnownTableOf } from '../../../../engine/capture/triggers/known-table.ts';
import { payloadColumns } from '../../../../engine/capture/triggers/recorded-columns.ts';
import type { TableToCapture } from '../../../../engine/ports/trigger-manager.ts';
import type { TableName } from '../../../../model/table-name.ts';
import type { Session } from '../../connections/session.ts';
import { list, literal } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { type Definitions, NO_DEFINITIONS } from './standing-triggers.ts';

export type KnownTable = KnownTableOf<Definitions>;

/** In the order of their numbers. */
export async function readKnown(session: Session, names: CaptureNames): Promise<readonly KnownTable[]> {
  const { rows } = await session.query(
    `SELECT number, table_schema, table_name, spec, columns_recorded, primary_key, definitions, dropped_at IS NULL FROM ${names.tables} ORDER BY number`,
  );
  return rows.map(knownTable<Definitions>);
}

/** A number of its own for a table by its name; it is no captured table before its triggers stand. */
export async function addKnown(session: Session, names: CaptureNames, table: TableName): Promise<void> {
  const texts = [table.schema, table.name, '{}', '[]', '[]', JSON.stringify(NO_DEFINITIONS)].map(literal);
  await session.query(
    `INSERT INTO ${names.tables} (table_schema, table_name, spec, columns_recorded, primary_key, definitions, deployed_at, dropped_at)
     VALUES (${list(texts)}, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`,
  );
}

export async function writeKnown(
  session: Session,
  names: CaptureNames,
  known: { readonly number: number; readonly wanted: TableToCapture; readonly definitions: Definitions },
): Promise<void> {
  const { number, wanted, definitions } = known;
  const texts = [
    wanted.spec,
    payloadColumns(wanted).map(({ name }) => name),
    wanted.table.primaryKey?.columns ?? [],
    definitions,
  ].map((value) => literal(JSON.stringify(value)));
  const [spec, columns, key, definitionsText] = texts;
  await session.query(
    `UPDATE ${names.tables} SET spec = ${spec}, columns_recorded = ${columns}, primary_key = ${key}, definitions = ${definitionsText},
       deployed_at = UTC_TIMESTAMP(6), dropped_at = NULL WHERE number = ${number}`,
  );
}

export async function markDropped(session: Session, names: CaptureNames, number: number): Promise<void> {
  await session.query(
    `UPDATE ${names.tables} SET dropped_at = COALESCE(dropped_at, UTC_TIMESTAMP(6)), definitions = ${literal(JSON.stringify(NO_DEFINITIONS))} WHERE number = ${number}`,
  );
}
