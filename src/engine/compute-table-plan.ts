import { SluiceError } from '../model/sluice-error.ts';
import { type TableName, tableId } from '../model/table-name.ts';
import type { ColumnPlan, PositionPlan, TablePlan } from '../model/table-plan.ts';
import type { ColumnSchema, TableSchema } from '../model/table-schema.ts';
import type { TableSelection, TransferSpec } from '../model/transfer-spec.ts';
import { globToRegExp, isPlainName } from './glob.ts';
import type { Dialect } from './ports/dialect.ts';
import type { ColumnReading } from './ports/type-map.ts';

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
  const { include, exclude = [], asText = [], rename = {} } = selection.columns ?? {};
  const named = [...(include ?? []), ...exclude].filter(isPlainName);
  for (const name of [...named, ...asText.filter((each) => each !== '*'), ...Object.keys(rename)]) {
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

/** A type that only its own product has is copied as its text where a person wants that, and refused otherwise. */
function readAsText({ source, target, selection }: PlanInput, column: ColumnSchema, reading: ColumnReading) {
  const { asText = [] } = selection.columns ?? {};
  if (!asText.includes('*') && !asText.includes(column.name)) {
    throw new SluiceError(
      'type.unsupported',
      `${target.dialect.name} has no type for ${column.type}; it is copied as its text only where that is asked for`,
      {
        table: tableId(source.table.table),
        column: column.name,
        suggestion: `columns: { asText: [${JSON.stringify(column.name)}] }, or columns.exclude`,
      },
    );
  }
  const note = `the text that ${source.dialect.name} writes for ${column.type}; the target does not check it`;
  return { ...reading, logical: { kind: 'text', maxChars: null }, aside: note } as const;
}

/** A column as the source gives it; `aside` is said of a column that is exact all the same. */
function readColumn(
  input: PlanInput,
  column: ColumnSchema,
): ColumnReading & { readonly aside: string | null } {
  const { source, target } = input;
  const sameProduct = source.dialect.name === target.dialect.name;
  const reading =
    (sameProduct ? source.dialect.types.identical?.(column) : undefined) ??
    source.dialect.types.reading(column);
  if (!reading) {
    throw new SluiceError('type.unsupported', `a column of type ${column.type} cannot be read`, {
      table: tableId(source.table.table),
      column: column.name,
    });
  }
  const isForeign = reading.logical.kind === 'native' && !sameProduct;
  return isForeign ? readAsText(input, column, reading) : { ...reading, aside: null };
}

function planColumn(input: PlanInput, column: ColumnSchema): ColumnPlan {
  const { source, target } = input;
  const table = tableId(source.table.table);
  const sameProduct = source.dialect.name === target.dialect.name;
  const reading = readColumn(input, column);
  const name = renamed(input, column.name);
  const existing = target.table?.columns.find((each) => each.name === name);
  if (target.table && !existing) {
    throw new SluiceError('target.structure_differs', `the target table has no column "${name}"`, {
      table,
      column: column.name,
    });
  }
  const targetType =
    existing?.type ?? (sameProduct ? column.type : target.dialect.types.propose(reading.logical));
  const writing = target.dialect.types.writing(reading.logical, { name, type: targetType });
  if (!writing) {
    throw new SluiceError(
      'type.unsupported',
      `a column of type ${column.type} cannot be written into ${targetType}`,
      {
        table,
        column: column.name,
      },
    );
  }
  return {
    source: column.name,
    target: name,
    sourceType: column.type,
    targetType,
    logical: reading.logical,
    select: reading.render,
    load: writing.load,
    renderSource: reading.render,
    renderTarget: writing.render,
    nullable: column.nullable,
    exact: writing.exact && reading.note === null,
    note: [reading.aside, reading.note, writing.note].filter((note) => note !== null).join('; ') || null,
  };
}

/** A number orders otherwise than its digits as text. */
function ordersAlike({ source, target }: PlanInput, column: ColumnSchema, existing: ColumnSchema): boolean {
  const kinds = [source.dialect.types.reading(column), target.dialect.types.reading(existing)].map(
    (reading) => reading?.logical.kind,
  );
  return target.dialect.types.portableOrder(existing) && kinds[0] === kinds[1];
}

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
      needsSnapshot: rowAddress.needsSnapshot,
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
      return dialect.types.portableOrder(column) && (!existing || ordersAlike(input, column, existing));
    }),
    needsSnapshot: false,
  };
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
  const columns = inWireOrder.map((column) => planColumn(input, column));
  const binary =
    (spec.read?.encoding ?? 'auto') !== 'text-rows' &&
    source.dialect.name === target.dialect.name &&
    columns.every(
      (column, index) =>
        column.load === null &&
        source.dialect.types.binaryCompatible(inWireOrder[index] as ColumnSchema, column.targetType),
    );
  if (spec.read?.encoding === 'binary-rows' && !binary) {
    throw new SluiceError('type.unsupported', 'binary-rows needs the same product and types on both sides', {
      table: tableId(source.table.table),
    });
  }
  const targetKey = target.table
    ? (target.table.primaryKey ?? target.table.uniqueKeys[0])?.columns
    : source.table.primaryKey?.columns.map((name) => renamed(input, name));
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
    writeMode: spec.write?.mode ?? 'fail-if-not-empty',
    estimatedRows: source.table.estimatedRows,
    estimatedBytes: source.table.estimatedBytes,
  };
}
