import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../../model/sluice-error.ts';
import type { ColumnPlan } from '../../model/table-plan.ts';
import type { ColumnSchema } from '../../model/table-schema.ts';
import type { TableSelection, ValuePolicy } from '../../model/transfer-spec.ts';
import type { Dialect } from '../ports/dialect.ts';
import type { ColumnFitting, ColumnReading, ColumnWriting } from '../ports/type-map.ts';

/** One column between two databases. */
export interface ColumnRequest {
  /** tableId of the source table, for errors. */
  readonly table: string;
  readonly source: Dialect;
  readonly target: Dialect;
  readonly column: ColumnSchema;
  /** Name of the column at the target. */
  readonly name: string;
  /** The target's column of that name; null where the target has no table yet. */
  readonly existing: ColumnSchema | null;
  readonly selection: TableSelection;
  /** The column is part of a key, of which no value may become another. */
  readonly isKey: boolean;
  /** Rows are told apart by it when they are written: `by-match` is the key of an upsert, `unique` another key that an upsert meets. */
  readonly tellsApart?: 'by-match' | 'unique' | null;
}

const refuse = ({ table, column }: ColumnRequest, message: string, suggestion?: string): SluiceError =>
  new SluiceError('type.unsupported', message, {
    table,
    column: column.name,
    ...(suggestion !== undefined && { suggestion }),
  });

const sameProduct = ({ source, target }: ColumnRequest): boolean => source.name === target.name;

/** What the configuration says of the column by its name, or of all. */
export const policyOf = (selection: TableSelection, name: string): ValuePolicy => {
  const { policies = {} } = selection.columns ?? {};
  return (Object.hasOwn(policies, name) ? policies[name] : policies['*']) ?? 'error';
};

/** Text that can stand as a type in a statement without ending it. */
const TYPE_TEXT = /^(?!.*--)(?:[\p{L}\p{N}_ .,()[\]-]|'(?:[^'\\]|'')*'|"(?:[^"]|"")+")+$/u;

const isBalanced = (type: string): boolean => {
  const brackets = type.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, '').replaceAll(/[^()]/g, '');
  let open = 0;
  return Array.from(brackets).every((bracket) => (open += bracket === '(' ? 1 : -1) >= 0) && open === 0;
};

function wantedType(request: ColumnRequest): string | null {
  const { types = {} } = request.selection.columns ?? {};
  const type = Object.hasOwn(types, request.column.name) ? types[request.column.name] : undefined;
  if (type === undefined) return null;
  if (TYPE_TEXT.test(type) && isBalanced(type)) return type;
  throw refuse(request, 'columns.types has a text that is no type');
}

/** The column's type at the target: the one that it has, the one that is wanted, or the one that its product proposes. */
function targetTypeOf(request: ColumnRequest, proposed: string): string {
  const { existing, target, table, column } = request;
  const wanted = wantedType(request);
  if (existing === null) return wanted ?? proposed;
  if (wanted !== null) {
    const [there, asked] = [existing, { ...existing, type: wanted, baseType: wanted, enumLabels: null }].map(
      (each) => target.types.reading(each)?.logical,
    );
    if (!isDeepStrictEqual(there, asked))
      throw new SluiceError(
        'target.structure_differs',
        `the target column is of type ${existing.type} and columns.types asks for ${wanted}`,
        { table, column: column.name },
      );
  }
  return existing.type;
}

interface Way {
  readonly reading: ColumnReading;
  readonly targetType: string;
  readonly writing: ColumnWriting;
  /** Said of a column that is exact all the same. */
  readonly aside: string | null;
}

/** The column as a text at the target: every value of it as the canonical text. Null where the target's column is none. */
function wayOfText(request: ColumnRequest, reading: ColumnReading): Way | null {
  const { source, target, column, name } = request;
  const logical = { kind: 'text', maxChars: null } as const;
  const asText = { ...(source.types.asText?.(column) ?? reading), logical, note: null };
  const targetType = targetTypeOf(request, target.types.propose(logical));
  const writing = target.types.writing(logical, { name, type: targetType });
  const aside = `the text that ${source.name} writes for ${column.type}; the target does not check it`;
  return writing?.exact ? { reading: asText, targetType, writing, aside } : null;
}

function wayOfType(request: ColumnRequest, reading: ColumnReading): Way | null {
  const { target, column, name } = request;
  const proposed = sameProduct(request) ? column.type : target.types.propose(reading.logical);
  const targetType = targetTypeOf(request, proposed);
  const writing = target.types.writing(reading.logical, { name, type: targetType });
  return writing && { reading, targetType, writing, aside: null };
}

const isExact = ({ reading, writing }: Way): boolean => writing.exact && reading.note === null;

/** @throws SluiceError type.unsupported, target.structure_differs */
function wayOf(request: ColumnRequest, policy: ValuePolicy): Way {
  const { source, target, column, selection } = request;
  const own = sameProduct(request) ? source.types.identical?.(column) : undefined;
  const reading = own ?? source.types.reading(column);
  if (!reading) throw refuse(request, `a column of type ${column.type} cannot be read`);
  const isForeign = reading.logical.kind === 'native' && !sameProduct(request);
  const native = isForeign ? null : wayOfType(request, reading);
  // Values are made to fit by their logical type, which the product's own type does not say.
  const isFitted = own && native && !isExact(native) && (policy === 'null' || policy === 'clamp');
  const logical = isFitted ? source.types.reading(column) : null;
  const direct = logical ? wayOfType(request, logical) : native;
  if (direct && (policy !== 'text' || isExact(direct))) return direct;
  const text = policy === 'text' ? wayOfText(request, reading) : null;
  if (text) return text;
  const isNamed = selection.columns?.policies?.[column.name] !== undefined;
  if (direct && !isNamed) return direct;
  if (policy === 'text')
    throw refuse(request, `the policy text needs a column of unlimited text for ${column.type}`);
  if (!isForeign) {
    const type = targetTypeOf(request, target.types.propose(reading.logical));
    throw refuse(request, `a column of type ${column.type} cannot be written into ${type}`);
  }
  const message = `${target.name} has no type for ${column.type}; it is copied as its text only where that is asked for`;
  const suggestion = `columns: { policies: { ${JSON.stringify(column.name)}: text } }, or columns.exclude`;
  throw refuse(request, message, suggestion);
}

interface Fitted {
  readonly policy: ValuePolicy;
  readonly fitting: ColumnFitting | null;
}

/** Why the policy cannot be kept, or null. */
function obstacle({ column, existing, isKey }: ColumnRequest, policy: ValuePolicy): string | null {
  if (isKey) return 'it is part of a key';
  const takesNull = column.nullable && (existing?.nullable ?? true);
  return policy === 'null' && !takesNull ? 'it is NOT NULL' : null;
}

/**
 * The policies `null` and `clamp`, which the source keeps. One that is said of all columns is none where it cannot be kept.
 * @throws SluiceError config.invalid
 */
function fittingOf(request: ColumnRequest, way: Way, policy: ValuePolicy): Fitted {
  if (policy === 'error') return { policy, fitting: null };
  if (policy === 'text') return { policy: way.aside === null ? 'error' : policy, fitting: null };
  const { source, column, selection, table } = request;
  const { reading, writing } = way;
  const limits = writing.limits ?? null;
  const why = obstacle(request, policy);
  const fitting = why === null ? (source.types.fit?.({ column, reading, limits, policy }) ?? null) : null;
  if (fitting) return { policy, fitting };
  const isNamed = selection.columns?.policies?.[column.name] !== undefined;
  if (!isNamed || isExact(way)) return { policy: 'error', fitting: null };
  throw new SluiceError(
    'config.invalid',
    `the policy ${policy} cannot be kept for ${column.type} into ${way.targetType}${why === null ? '' : `: ${why}`}`,
    { table, column: column.name },
  );
}

const FITTED = {
  null: 'what the target cannot hold becomes NULL and is counted',
  clamp: 'what the target cannot hold becomes the nearest value that it holds and is counted',
} as const;

const TEXTS: ReadonlySet<string> = new Set(['text', 'enum', 'native', 'any']);

/** Ways in which the target's key takes texts for the same that the source tells apart. */
function foldsBeside(request: ColumnRequest, { reading, targetType }: Way): readonly string[] {
  const { source, target, column, existing } = request;
  if (!TEXTS.has(reading.logical.kind)) return [];
  const { collation, nondeterministic = false } = column;
  const made = {
    type: targetType,
    ...(sameProduct(request) ? { collation, nondeterministic } : { collation: null }),
  };
  const known = source.types.folds?.(column) ?? [];
  return (target.types.folds?.(existing ?? made) ?? []).filter((each) => !known.includes(each));
}

/**
 * Invariant 7: an upsert takes two rows for one whose keys become the same.
 * @throws SluiceError config.invalid, target.structure_differs
 */
function refuseMerging(request: ColumnRequest, way: Way): void {
  const { tellsApart = null, table, column } = request;
  if (tellsApart === null) return;
  const { writing, targetType } = way;
  const [folds] = tellsApart === 'by-match' ? foldsBeside(request, way) : [];
  const why = writing.merges
    ? `${targetType} does not keep all of ${column.type} apart (${writing.note})`
    : folds === undefined
      ? null
      : `the target's key takes texts for the same that the source tells apart (${folds})`;
  if (why === null) return;
  throw new SluiceError(
    wantedType(request) === null ? 'target.structure_differs' : 'config.invalid',
    `write.mode upsert could make one row of two: ${why}`,
    {
      table,
      column: column.name,
      suggestion:
        'give the column a type and a collation that keep all values apart, or choose another write.mode',
    },
  );
}

/** What verification compares. Values that were made to fit are at the source what the target holds. */
function rendersOf(
  { source }: ColumnRequest,
  { reading, writing }: Way,
  fitting: ColumnFitting | null,
): Pick<ColumnPlan, 'renderSource' | 'renderTarget' | 'dropsZeros'> {
  if (fitting) return { renderSource: fitting.render, renderTarget: writing.renderFitted ?? writing.render };
  if (!writing.dropsZeros) return { renderSource: reading.render, renderTarget: writing.render };
  const bare = source.types.withoutZeros?.(reading.render);
  const made =
    bare === undefined ? { renderSource: reading.render, dropsZeros: true } : { renderSource: bare };
  return { ...made, renderTarget: writing.render };
}

/**
 * How one column travels. Pure.
 * @throws SluiceError type.unsupported, target.structure_differs, config.invalid
 */
export function planColumn(request: ColumnRequest): ColumnPlan {
  const { column, name, selection } = request;
  const way = wayOf(request, policyOf(selection, column.name));
  const { reading, targetType, writing, aside } = way;
  refuseMerging(request, way);
  const { policy, fitting } = fittingOf(request, way, policyOf(selection, column.name));
  const fate = fitting && (policy === 'null' || policy === 'clamp') ? FITTED[policy] : null;
  const notes = [aside, reading.note, writing.note, fate].filter((note) => note !== null);
  return {
    source: column.name,
    target: name,
    sourceType: column.type,
    targetType,
    logical: reading.logical,
    select: fitting?.render ?? reading.render,
    load: writing.load,
    ...rendersOf(request, way, fitting),
    nullable: column.nullable,
    exact: isExact(way) && fate === null,
    note: notes.join('; ') || null,
    policy,
    ...(fitting && { fit: { limits: writing.limits ?? null, altered: fitting.altered } }),
  };
}
