import { knownTable, type KnownTableOf } from '../../../../engine/capture/triggers/known-table.ts';
import { payloadColumns } from '../../../../engine/capture/triggers/recorded-columns.ts';
import type { TableToCapture } from '../../../../engine/ports/trigger-manager.ts';
import type { TableName } from '../../../../model/table-name.ts';
import { COMMIT } from '../../connections/pool.ts';
import type { Session } from '../../connections/session.ts';
import type { CaptureNames } from '../capture-names.ts';
import {
  renderAddKnown,
  renderKnown,
  renderMarkDropped,
  renderWriteKnown,
} from '../sql/trigger-catalog-sql.ts';
import { type Definitions, NO_DEFINITIONS } from './standing-triggers.ts';

export type KnownTable = KnownTableOf<Definitions>;

/** In the order of their numbers. */
export async function readKnown(session: Session, names: CaptureNames): Promise<readonly KnownTable[]> {
  const { rows } = await session.query(renderKnown(names));
  return rows.map(knownTable<Definitions>);
}

/** A number of its own for a table by its name; it is no captured table before its trigger stands. Commits. */
export async function addKnown(session: Session, names: CaptureNames, table: TableName): Promise<void> {
  const { schema, name } = table;
  await session.query(renderAddKnown(names), { schema, name, definitions: JSON.stringify(NO_DEFINITIONS) });
  await session.query(COMMIT);
}

export async function writeKnown(
  session: Session,
  names: CaptureNames,
  known: { readonly number: number; readonly wanted: TableToCapture; readonly definitions: Definitions },
): Promise<void> {
  const { number, wanted, definitions } = known;
  await session.query(renderWriteKnown(names), {
    tableNumber: String(number),
    spec: JSON.stringify(wanted.spec),
    columns: JSON.stringify(payloadColumns(wanted).map(({ name }) => name)),
    keyColumns: JSON.stringify(wanted.table.primaryKey?.columns ?? []),
    definitions: JSON.stringify(definitions),
  });
  await session.query(COMMIT);
}

export async function markDropped(session: Session, names: CaptureNames, number: number): Promise<void> {
  await session.query(renderMarkDropped(names), {
    tableNumber: String(number),
    definitions: JSON.stringify(NO_DEFINITIONS),
  });
  await session.query(COMMIT);
}
