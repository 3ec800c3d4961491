import { recordedColumns } from '../../../../engine/capture/triggers/recorded-columns.ts';
import type { TableToCapture } from '../../../../engine/ports/trigger-manager.ts';
import type { CapturedOperation } from '../../../../model/capture-spec.ts';
import type { IndexPart, TableSchema } from '../../../../model/table-schema.ts';
import { quote } from '../../sql.ts';
import { captureTables, oldTable, rowsTable } from '../capture-tables.ts';
import { type CapturedShape, isExact, rowAddress, shapeOf, type TableFacts } from '../captured-shape.ts';
import { columnsNamed } from './check-expression.ts';

/** A unique key by which REPLACE may take another row away than the one with the same primary key. */
export interface Rival {
  readonly parts: readonly Pick<IndexPart, 'column' | 'expression' | 'collation'>[];
  readonly condition: string | null;
}

/** All that the triggers of one table are made of. */
export interface TriggerSource {
  readonly prefix: string;
  readonly number: number;
  readonly layout: number;
  readonly table: TableSchema;
  readonly facts: TableFacts;
  readonly shape: CapturedShape;
  readonly operations: ReadonlySet<CapturedOperation>;
  /** Quoted names. */
  readonly names: {
    readonly events: string;
    readonly rows: string;
    readonly old: string;
    readonly table: string;
  };
  /** Columns whose changes are events. */
  readonly recorded: readonly string[];
  readonly where: string | null;
  readonly expressions: readonly string[];
  readonly keyExpression: string | null;
  readonly rivals: readonly Rival[];
  /** Columns of what is kept of old rows; null: it is not needed. */
  readonly oldColumns: readonly string[] | null;
  /** Quoted: by what the row is found in its table. */
  readonly address: readonly string[];
  /** Quoted: by what a row is the same row for a target. */
  readonly identity: readonly string[];
}

const collationOf = (table: TableSchema, name: string): string | null =>
  table.columns.find((column) => column.name === name)?.collation ?? null;

/** Keys that compare as their values are: of two equal ones one is the other, and an I of it is all that a target needs. */
function keyIsExact(table: TableSchema, facts: TableFacts): boolean {
  const key = table.primaryKey?.columns ?? [];
  return table.columns
    .filter(({ name }) => key.includes(name))
    .every(
      ({ collation, type, identity }) =>
        (collation === null || /^(?:BINARY|UTF-16.*)$/i.test(collation)) &&
        (identity !== null || !isExact(type, facts)),
    );
}

function rivalsOf(table: TableSchema, facts: TableFacts): readonly Rival[] {
  const others = table.indexes
    .filter(({ unique }) => unique)
    .map(
      ({ parts, condition }): Rival => ({
        parts: parts.map(({ column, expression, collation }) => ({ column, expression, collation })),
        condition: condition?.sql ?? null,
      }),
    );
  if (table.primaryKey === null || keyIsExact(table, facts)) return others;
  const parts = table.primaryKey.columns.map((column) => ({
    column,
    expression: null,
    collation: collationOf(table, column),
  }));
  return [{ parts, condition: null }, ...others];
}

/** Every column that a text names, or all of the table's where it is not understood. */
export const namedIn = (sql: string | null, table: TableSchema): readonly string[] =>
  sql === null ? [] : (columnsNamed(sql, table) ?? table.columns.map(({ name }) => name));

const DEFAULTS: readonly CapturedOperation[] = ['insert', 'update', 'delete'];

/** @param place.layout  number of the layout whose tables the triggers fill */
export function triggerSource(
  request: TableToCapture,
  facts: TableFacts,
  place: { readonly prefix: string; readonly number: number; readonly layout: number },
): TriggerSource {
  const { table, spec } = request;
  const { prefix, number, layout } = place;
  const shape = shapeOf(request, facts);
  const where = spec.where ?? null;
  const keyExpression = typeof spec.key === 'object' && 'expression' in spec.key ? spec.key.expression : null;
  const expressions = shape.expressions.map((name) => spec.expressions?.[name] ?? 'NULL');
  const operations = new Set(spec.operations ?? DEFAULTS);
  const rivals = operations.has('delete') ? rivalsOf(table, facts) : [];
  const texts = [where, keyExpression, ...expressions].filter((each) => each !== null);
  const key = table.primaryKey?.columns ?? [];
  const ofRivals = rivals.flatMap(({ parts }) =>
    parts.flatMap(({ column, expression }) => column ?? namedIn(expression?.sql ?? '', table)),
  );
  const needed = new Set([
    ...key,
    ...shape.columns.map(({ name }) => name),
    ...texts.flatMap((text) => namedIn(text, table)),
    ...ofRivals,
  ]);
  const address = (rowAddress(table, facts) ?? []).map(quote);
  return {
    ...place,
    table,
    facts,
    shape,
    operations,
    where,
    keyExpression,
    expressions,
    rivals,
    names: {
      events: captureTables(prefix).events,
      rows: rowsTable(prefix, number, layout),
      old: oldTable(prefix, number, layout),
      table: quote(table.table.name),
    },
    recorded: recordedColumns(request).map(({ name }) => name),
    oldColumns:
      texts.length === 0 && rivals.length === 0
        ? null
        : table.columns.map(({ name }) => name).filter((name) => needed.has(name)),
    address,
    identity: key.length > 0 ? key.map(quote) : address,
  };
}
