import { askedSql } from '../../../../engine/capture/triggers/asked-sql.ts';
import { payloadColumns, recordedColumns } from '../../../../engine/capture/triggers/recorded-columns.ts';
import type { TableToCapture } from '../../../../engine/ports/trigger-manager.ts';
import type { CapturedTableSpec } from '../../../../model/capture-spec.ts';
import type { TableName } from '../../../../model/table-name.ts';
import type { ColumnSchema, TableSchema } from '../../../../model/table-schema.ts';
import type { Session } from '../../connections/session.ts';
import type { RecordedType, Writing } from './recorded-value.ts';
import { checkUserSql, columnsIn } from './user-sql.ts';

/** What triggers of this product see. */
export const SEEN = ['insert', 'update', 'delete'] as const;
export type SeenOperation = (typeof SEEN)[number];

/** SQL of a user, checked. */
export interface UserExpression extends RecordedType {
  readonly name: string;
  readonly sql: string;
}

/** A table as its triggers are to record it. */
export interface Subject extends Writing {
  readonly number: number;
  readonly table: TableName;
  /** Names of all of its columns. */
  readonly all: readonly string[];
  /** An update that changes none of them is silent. */
  readonly watched: readonly ColumnSchema[];
  /** What the payload has of the row itself. */
  readonly payload: readonly ColumnSchema[];
  readonly key: readonly ColumnSchema[];
  /** An update of one of them may be refused by a key of the table or a foreign one, which IGNORE lets pass. */
  readonly refusable: readonly ColumnSchema[];
  readonly where: string | null;
  /** Columns of the condition that are not recorded: with them a row may come into it or leave it. */
  readonly deciding: readonly ColumnSchema[];
  readonly expressions: readonly UserExpression[];
  readonly messageKey: CapturedTableSpec['key'];
  readonly operations: readonly SeenOperation[];
}

/** Columns of unique and of foreign keys; all where a key is of expressions. */
function refusableColumns({
  columns,
  primaryKey,
  indexes,
  foreignKeys,
}: TableSchema): readonly ColumnSchema[] {
  const unique = indexes.filter((index) => index.unique);
  if (unique.some(({ parts }) => parts.some(({ column }) => column === null))) return columns;
  const names = new Set(
    [...(primaryKey ? [primaryKey] : []), ...unique, ...foreignKeys].flatMap((key) => key.columns),
  );
  return columns.filter(({ name }) => names.has(name));
}

/** @throws SluiceError capture.condition_invalid, naming table and condition */
export async function makeSubject(
  session: Session,
  wanted: TableToCapture,
  number: number,
): Promise<Subject> {
  const { table, spec } = wanted;
  const asked = askedSql(spec);
  const types = await checkUserSql(session, table, asked);
  const expressions = Object.entries(spec.expressions ?? {});
  const typesBefore = asked.length - expressions.length;
  const watched = recordedColumns(wanted);
  const all = table.columns.map(({ name }) => name);
  const inWhere = new Set(columnsIn(spec.where ?? '', all));
  return {
    number,
    nullsZeroDates: session.nullsZeroDates,
    table: table.table,
    all,
    watched,
    payload: payloadColumns(wanted),
    key: (table.primaryKey?.columns ?? []).flatMap(
      (name) => table.columns.find((column) => column.name === name) ?? [],
    ),
    refusable: refusableColumns(table),
    where: spec.where ?? null,
    deciding: table.columns.filter((column) => inWhere.has(column.name) && !watched.includes(column)),
    expressions: expressions.map(([name, sql], at) => ({
      ...(types[typesBefore + at] ?? { type: 'longtext', baseType: 'longtext', nullable: true }),
      name,
      sql,
    })),
    messageKey: spec.key,
    operations: SEEN.filter((operation) => (spec.operations ?? SEEN).includes(operation)),
  };
}

/** SQL of a user that has another answer for each row. */
export const userSqlOf = (spec: CapturedTableSpec): readonly string[] => askedSql(spec).map(({ sql }) => sql);
