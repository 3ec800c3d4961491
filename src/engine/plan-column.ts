import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../model/sluice-error.ts';
import type { ColumnPlan } from '../model/table-plan.ts';
import type { ColumnSchema } from '../model/table-schema.ts';
import type { TableSelection, ValuePolicy } from '../model/transfer-spec.ts';
import type { Dialect } from './ports/dialect.ts';
import type { ColumnReading, ColumnWriting } from './ports/type-map.ts';

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
  const direct = isForeign ? null : wayOfType(request, reading);
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

/**
 * How one column travels. Pure.
 * @throws SluiceError type.unsupported, target.structure_differs
 */
export function planColumn(request: ColumnRequest): ColumnPlan {
  const { column, name, selection } = request;
  const policy = policyOf(selection, column.name);
  const { reading, targetType, writing, aside } = wayOf(request, policy);
  const notes = [aside, reading.note, writing.note].filter((note) => note !== null);
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
    note: notes.join('; ') || null,
    policy: aside === null && policy === 'text' ? 'error' : policy,
  };
}
