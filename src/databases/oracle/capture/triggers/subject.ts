import { payloadColumns, recordedColumns } from '../../../../engine/capture/triggers/recorded-columns.ts';
import type { TableToCapture } from '../../../../engine/ports/trigger-manager.ts';
import type { CapturedTableSpec } from '../../../../model/capture-spec.ts';
import type { TableName } from '../../../../model/table-name.ts';
import type { ColumnSchema } from '../../../../model/table-schema.ts';
import { columnsIn } from './user-sql.ts';

/** What triggers of this product see. */
export const SEEN = ['insert', 'update', 'delete'] as const;
export type SeenOperation = (typeof SEEN)[number];

export type RecordedColumn = Pick<ColumnSchema, 'name' | 'type'>;

/** A table as its trigger is to record it. */
export interface Subject {
  readonly number: number;
  readonly table: TableName;
  /** Names of all of its columns. */
  readonly all: readonly string[];
  /** An update that changes none of them is silent. */
  readonly watched: readonly RecordedColumn[];
  /** What the payload has of the row itself. */
  readonly payload: readonly RecordedColumn[];
  readonly key: readonly RecordedColumn[];
  readonly where: string | null;
  /** Columns of the condition that are not recorded: with them a row may come into it or leave it. */
  readonly deciding: readonly RecordedColumn[];
  readonly expressions: readonly { readonly name: string; readonly sql: string }[];
  readonly messageKey: CapturedTableSpec['key'];
  readonly operations: readonly SeenOperation[];
}

/** The user's SQL in it was checked before. */
export function makeSubject(wanted: TableToCapture, number: number): Subject {
  const { table, spec } = wanted;
  const watched = recordedColumns(wanted);
  const all = table.columns.map(({ name }) => name);
  const inWhere = new Set(columnsIn(spec.where ?? '', all));
  return {
    number,
    table: table.table,
    all,
    watched,
    payload: payloadColumns(wanted),
    key: (table.primaryKey?.columns ?? []).flatMap(
      (name) => table.columns.find((column) => column.name === name) ?? [],
    ),
    where: spec.where ?? null,
    deciding: table.columns.filter((column) => inWhere.has(column.name) && !watched.includes(column)),
    expressions: Object.entries(spec.expressions ?? {}).map(([name, sql]) => ({ name, sql })),
    messageKey: spec.key,
    operations: SEEN.filter((operation) => (spec.operations ?? SEEN).includes(operation)),
  };
}
