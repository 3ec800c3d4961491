import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import { type TableName, tableId } from '../../model/table-name.ts';
import type { ColumnPlan, PositionPlan, TablePlan } from '../../model/table-plan.ts';
import type { ColumnSchema, TableSchema } from '../../model/table-schema.ts';
import type { TableSelection, TransferSpec } from '../../model/transfer-spec.ts';
import { globToRegExp, isPlainName } from './glob.ts';
import { planColumn } from './plan-column.ts';
import type { Dialect } from '../ports/dialect.ts';
import { readQuery } from './source-query.ts';

export interface PlanInput {
  readonly spec: TransferSpec;
  readonly selection: TableSelection;
  readonly ordinal: number;
  readonly source: { readonly dialect: Dialect; readonly table: TableSchema };
  /** `table` is null where the target has none yet. */
  readonly target: {
    readonly dialect: Dialect;
    readonly name: TableName;
    readonly table: TableSchema | null;
  };
}

const matches = (pattern: string, name: string): boolean =>
  name === pattern || (!isPlainName(pattern) && globToRegExp(pattern).test(name));

function chosenColumns(table: TableSchema, selection: TableSelection): readonly ColumnSchema[] {
  const { include, exclude = [], rename = {}, types = {}, policies = {} } = selection.columns ?? {};
  const chosenNames = [...(include ?? []), ...exclude].filter(isPlainName);
  const policyNames = Object.keys(policies).filter((each) => each !== '*');
  for (const name of [...chosenNames, ...Object.keys(rename), ...Object.keys(types), ...policyNames]) {
    if (table.columns.some((column) => column.name === name)) continue;
    throw new SluiceError('source.column_not_found', `the table has no column "${name}"`, {
      table: tableId(table.table),
      column: name,
    });
  }
  const isNamed = (patterns: readonly string[], { name }: ColumnSchema): boolean =>
    patterns.some((pattern) => matches(pattern, name));
  const chosen = table.columns.filter(
    (column) =>
      column.generated === null && (!include || isNamed(include, column)) && !isNamed(exclude, column),
  );
  const isAsked = include !== undefined || exclude.length > 0;
  if (chosen.length === 0 && isAsked)
    throw new SluiceError('source.column_not_found', 'columns.include and exclude leave no column', {
      table: tableId(table.table),
    });
  return chosen;
}

/** The column's name at the target. */
const renamed = ({ selection }: PlanInput, name: string): string => {
  const { rename = {} } = selection.columns ?? {};
  return Object.hasOwn(rename, name) ? (rename[name] as string) : name;
};

/** @throws SluiceError config.invalid when two columns would go into one */
function refuseClashes(input: PlanInput, chosen: readonly ColumnSchema[]): void {
  const taken = new Map<string, string>();
  for (const { name } of chosen) {
    const goesTo = renamed(input, name);
    const other = taken.get(goesTo);
    if (other !== undefined) {
      throw new SluiceError(
        'config.invalid',
        `the columns "${other}" and "${name}" would both go into "${goesTo}"`,
        { table: tableId(input.source.table.table), column: name },
      );
    }
    taken.set(goesTo, name);
  }
}

function planOne(input: PlanInput, column: ColumnSchema): ColumnPlan {
  const { source, target, selection } = input;
  const table = tableId(source.table.table);
  const name = renamed(input, column.name);
  const existing = target.table?.columns.find((each) => each.name === name) ?? null;
  if (target.table && !existing) {
    throw new SluiceError('target.structure_differs', `the target table has no column "${name}"`, {
      table,
      column: column.name,
    });
  }
  const dialects = { source: source.dialect, target: target.dialect };
  const keys = [
    source.table.primaryKey,
    ...source.table.uniqueKeys,
    target.table?.primaryKey,
    // An upsert takes one of these for the key: two values that become one would be one row.
    ...(target.table?.uniqueKeys ?? []),
  ];
  const isKey = keys.some((key) => key?.columns.includes(column.name) || key?.columns.includes(name));
  const tellsApart = tellingApart(input, name);
  return planColumn({ ...dialects, table, column, name, existing, selection, isKey, tellsApart });
}

/** The source's primary key in names of the target. */
const keyAtSource = (input: PlanInput): readonly string[] | undefined =>
  input.source.table.primaryKey?.columns.map((name) => renamed(input, name));

/** Target column names of the key that upsert matches. */
const matchedKey = (input: PlanInput): readonly string[] | undefined => {
  const { table } = input.target;
  return table ? (table.primaryKey ?? table.uniqueKeys[0])?.columns : keyAtSource(input);
};

/**
 * Rows are only added: nothing looks for one by its key before all of them are there. A table that has no key may be of an attempt that
 * ended before its plan was written.
 */
function makesKeyAfterRows(input: PlanInput, columns: readonly ColumnPlan[]): boolean {
  const { spec, target } = input;
  const isLate =
    target.dialect.capabilities.keysAfterRows &&
    spec.write?.mode !== 'upsert' &&
    (spec.mode ?? 'snapshot') === 'snapshot' &&
    spec.structure?.policy !== 'verify';
  if (!isLate || (target.table && matchedKey(input))) return false;
  return keyAtSource(input)?.every((name) => columns.some((column) => column.target === name)) ?? false;
}

/** What an upsert does by the column of the target; a table that is to be made gets its unique keys from the source. */
function tellingApart(input: PlanInput, name: string): 'by-match' | 'unique' | null {
  const { source, target, spec } = input;
  if (spec.write?.mode !== 'upsert') return null;
  if (matchedKey(input)?.includes(name)) return 'by-match';
  const unique = target.table
    ? target.table.indexes.filter((index) => index.unique).map(({ columns }) => columns)
    : source.table.uniqueKeys.map(({ columns }) => columns.map((column) => renamed(input, column)));
  return unique.some((columns) => columns.includes(name)) ? 'unique' : null;
}

/**
 * Every column, or the first refusal with the names of the other columns whose types are refused.
 * @throws SluiceError type.unsupported, target.structure_differs, config.invalid
 */
function planAll(input: PlanInput, columns: readonly ColumnSchema[]): readonly ColumnPlan[] {
  const planned: ColumnPlan[] = [];
  const refused: SluiceError[] = [];
  for (const column of columns) {
    try {
      planned.push(planOne(input, column));
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'type.unsupported') throw error;
      refused.push(error);
    }
  }
  const [first, ...others] = refused;
  if (first === undefined) return planned;
  if (others.length === 0) throw first;
  const named = columns.filter(({ name }) => others.some(({ details }) => details.column === name));
  const list = named.map(({ name, type }) => `${name} (${type})`).join(', ');
  throw new SluiceError(first.code, `${first.message}; refused too: ${list}`, first.details);
}

/** A number orders otherwise than its digits as text. */
function ordersAlike({ source, target }: PlanInput, column: ColumnSchema, existing: ColumnSchema): boolean {
  const kinds = [source.dialect.types.reading(column), target.dialect.types.reading(existing)].map(
    (reading) => reading?.logical.kind,
  );
  return target.dialect.types.portableOrder(existing) && kinds[0] === kinds[1];
}

/** Without a primary key changes are done to the very rows that are copied: to those of one moment. */
const isFollowedKeyless = ({ spec, source }: PlanInput): boolean =>
  spec.mode === 'both' && source.table.primaryKey === null;

function planPosition(input: PlanInput, columns: readonly ColumnSchema[]): PositionPlan {
  const { table, dialect } = input.source;
  const keys = [table.primaryKey, ...table.uniqueKeys].filter((key) => key !== null);
  const chosen = keys.find((key) =>
    key.columns.every((name) => columns.some((column) => column.name === name)),
  );
  const rowAddress = dialect.capabilities.rowAddress;
  if (!chosen) {
    return {
      kind: 'row-address',
      columns: [],
      types: [rowAddress.type],
      sameOrder: false,
      // The rows of a query are in an order of their own each time it is run on other data.
      needsSnapshot:
        rowAddress.needsSnapshot || input.selection.query !== undefined || isFollowedKeyless(input),
    };
  }
  const keyColumns = chosen.columns.map(
    (name) => columns.find((column) => column.name === name) as ColumnSchema,
  );
  return {
    kind: 'key',
    columns: chosen.columns,
    types: keyColumns.map((column) => column.type),
    sameOrder: keyColumns.every((column) => {
      const existing = input.target.table?.columns.find((each) => each.name === renamed(input, column.name));
      const wanted = input.selection.columns?.types?.[column.name];
      const asked =
        wanted === undefined ? null : { ...column, type: wanted, baseType: wanted, collation: null };
      const there = existing ?? asked;
      return dialect.types.portableOrder(column) && (!there || ordersAlike(input, column, there));
    }),
    needsSnapshot: isFollowedKeyless(input),
  };
}

/** @throws SluiceError target.structure_differs for a table that the target could not have */
function refuseWide({ source, target }: PlanInput, columns: readonly unknown[]): void {
  const { name, capabilities } = target.dialect;
  if (target.table || columns.length <= capabilities.maxColumns) return;
  throw new SluiceError(
    'target.structure_differs',
    `the table has ${columns.length} columns, and ${name} takes ${capabilities.maxColumns}`,
    {
      table: tableId(source.table.table),
      suggestion: 'leave some out with columns.include or columns.exclude',
    },
  );
}

/** Longer names would be cut by some servers, without a word. @throws SluiceError target.structure_differs */
function refuseLongNames({ source, target }: PlanInput, columns: readonly string[]): void {
  const { name, capabilities } = target.dialect;
  const { identifierBytes } = capabilities;
  if (target.table || identifierBytes === null) return;
  const long = [target.name.schema, target.name.name, ...columns].find(
    (each) => encoder.encode(each).length > identifierBytes,
  );
  if (long === undefined) return;
  throw new SluiceError(
    'target.structure_differs',
    `"${long}" is longer than the ${identifierBytes} bytes that a name has in ${name}`,
    { table: tableId(source.table.table), suggestion: 'give it another name: "to", or columns.rename' },
  );
}
const encoder = new TextEncoder();

/** Of the first rows only what they are of all. */
function estimates({ source, selection }: PlanInput): Pick<TablePlan, 'estimatedRows' | 'estimatedBytes'> {
  const { estimatedRows, estimatedBytes } = source.table;
  const most = selection.limit?.rows;
  if (most === undefined || estimatedRows === null || estimatedRows <= most)
    return { estimatedRows, estimatedBytes };
  const bytes = estimatedBytes === null ? null : Math.round((estimatedBytes * most) / estimatedRows);
  return { estimatedRows: most, estimatedBytes: bytes };
}

/**
 * How one table travels, from what introspection found on both sides. Pure.
 * @throws SluiceError type.unsupported, source.column_not_found, target.structure_differs, config.invalid
 */
export function computeTablePlan(input: PlanInput): TablePlan {
  const { source, target, spec } = input;
  const chosen = chosenColumns(source.table, input.selection);
  refuseClashes(input, chosen);
  const position = planPosition(input, chosen);
  const inWireOrder = [
    ...position.columns.map((name) => chosen.find((column) => column.name === name) as ColumnSchema),
    ...chosen.filter((column) => !position.columns.includes(column.name)),
  ];
  refuseWide(input, inWireOrder);
  refuseLongNames(
    input,
    inWireOrder.map((column) => renamed(input, column.name)),
  );
  const columns = planAll(input, inWireOrder);
  const binary =
    (spec.read?.encoding ?? 'auto') !== 'text-rows' &&
    source.dialect.name === target.dialect.name &&
    columns.every(
      (column, index) =>
        column.load === null &&
        column.fit === undefined &&
        source.dialect.types.binaryCompatible(inWireOrder[index] as ColumnSchema, column.targetType),
    );
  if (spec.read?.encoding === 'binary-rows' && !binary) {
    throw new SluiceError('type.unsupported', 'binary-rows needs the same product and types on both sides', {
      table: tableId(source.table.table),
    });
  }
  const keyAfterRows = makesKeyAfterRows(input, columns);
  const targetKey = keyAfterRows ? keyAtSource(input) : matchedKey(input);
  return {
    id: tableId(source.table.table),
    ordinal: input.ordinal,
    source: source.table.table,
    target: target.name,
    encoding: binary ? 'binary-rows' : 'text-rows',
    columns: binary
      ? columns.map((column) => ({ ...column, select: source.dialect.quote(column.source) }))
      : columns,
    position,
    targetKey: targetKey?.every((name) => columns.some((column) => column.target === name)) ? targetKey : [],
    where: input.selection.where ?? null,
    ...(input.selection.query !== undefined && {
      query: readQuery(source.table.table, input.selection.query),
    }),
    ...(input.selection.limit !== undefined && { mostRows: input.selection.limit.rows }),
    writeMode: spec.write?.mode ?? 'fail-if-not-empty',
    ...(keyAfterRows && { keyAfterRows }),
    ...estimates(input),
  };
}
