import { isClosedSql } from '../../../engine/structure/is-closed-sql.ts';
import { columnsByName } from '../../../engine/structure/rename.ts';
import { translateDefault } from '../../../engine/structure/translate-default.ts';
import { renamer, withReason } from '../../../engine/structure/wanted-indexes.ts';
import type { TableName } from '../../../model/table-name.ts';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import type { ColumnSchema, SequenceSchema, TableSchema } from '../../../model/table-schema.ts';
import { literal, qualified, quote } from '../sql.ts';
import { parseType } from '../types/type-text.ts';
import { DEFAULTS, RULES } from './words.ts';

const INTEGERS = new Set(['smallint', 'integer', 'bigint']);

const LARGEST: Readonly<Record<string, string>> = {
  smallint: '32767',
  integer: '2147483647',
  bigint: '9223372036854775807',
};

/** What of a sequence is not as it would be by itself. */
function sequenceOptions({ type, start, increment, min, max, cache, cycle }: SequenceSchema): string {
  const isUp = !increment.startsWith('-');
  const largest = LARGEST[type] ?? '';
  const [ownMin, ownMax] = isUp ? ['1', largest] : [`-${(BigInt(largest || 0) + 1n).toString()}`, '-1'];
  const options = [
    ...(increment === '1' ? [] : [`INCREMENT BY ${increment}`]),
    ...(min === ownMin ? [] : [`MINVALUE ${min}`]),
    ...(max === ownMax ? [] : [`MAXVALUE ${max}`]),
    ...(start === (isUp ? min : max) ? [] : [`START WITH ${start}`]),
    ...(cache === '1' ? [] : [`CACHE ${cache}`]),
    ...(cycle ? ['CYCLE'] : []),
  ];
  return options.join(' ');
}

/** Words of an identity; empty where the column is none. */
export function identityOf(column: ColumnSchema | undefined, type: string): string {
  const { base } = parseType(type);
  if (!column || !INTEGERS.has(base)) return '';
  // A serial column: its sequence belongs to the column; an identity does the same.
  const isSerial = (column.default ?? '').startsWith('nextval(') && column.sequence?.owned !== false;
  if (column.identity === null && !isSerial) return '';
  // Of another type its limits are other ones.
  const options = column.sequence?.type === base ? sequenceOptions(column.sequence) : '';
  const words = column.identity === 'always' ? 'ALWAYS' : 'BY DEFAULT';
  return ` GENERATED ${words} AS IDENTITY${options === '' ? '' : ` (${options})`}`;
}

/** What columns have besides their types. */
export interface ColumnExtras {
  /** Sequences that belong to no column: several may draw from one. */
  readonly sequences: readonly string[];
  /** Statements that may fail at this server, in the order in which they are tried. */
  readonly tried: readonly string[];
  readonly leftOut: readonly string[];
}

const sequenceName = (plan: TablePlan, source: TableSchema, { schema, name }: TableName): TableName => ({
  schema: schema === source.table.schema ? plan.target.schema : schema,
  name,
});

interface Extra {
  readonly sequence?: string;
  readonly tried?: string;
  readonly leftOut?: string;
}

/** Of keys that both sides order byte by byte the collation is said where the table is made. */
function collationOf(plan: TablePlan, source: TableSchema, column: ColumnPlan): Extra {
  const from = source.columns.find((each) => each.name === column.source);
  const own = from?.ownCollation;
  if (own === undefined || source.product !== RULES.product || column.targetType !== from?.type) return {};
  if (plan.position.sameOrder && plan.position.columns.includes(column.source)) return {};
  const statement = `ALTER TABLE ${qualified(plan.target)} ALTER COLUMN ${quote(column.target)} TYPE ${column.targetType} COLLATE ${own}`;
  return isClosedSql(own, RULES.style) ? { tried: statement } : { leftOut: statement };
}

function defaultOf(plan: TablePlan, source: TableSchema, column: ColumnPlan): Extra {
  const from = source.columns.find((each) => each.name === column.source);
  if (!from || from.default === null || identityOf(from, column.targetType) !== '') return {};
  const set = `ALTER TABLE ${qualified(plan.target)} ALTER COLUMN ${quote(column.target)} SET DEFAULT`;
  if (source.product !== RULES.product) {
    const said = translateDefault(from.neutralDefault, column.logical, DEFAULTS);
    return said === null
      ? { leftOut: withReason(`${set} ${from.default}`, 'it could mean something else here') }
      : { tried: `${set} ${said}` };
  }
  const { sequence } = from;
  if (sequence && !sequence.owned && /^nextval\('(?:[^']|'')+'::regclass\)$/.test(from.default)) {
    const name = qualified(sequenceName(plan, source, sequence.name));
    const options = sequenceOptions(sequence);
    return {
      sequence: `CREATE SEQUENCE IF NOT EXISTS ${name} AS ${sequence.type}${options === '' ? '' : ` ${options}`}`,
      tried: `${set} nextval(${literal(name)}::regclass)`,
    };
  }
  const statement = `${set} (${from.default})`;
  return isClosedSql(from.default, RULES.style) ? { tried: statement } : { leftOut: statement };
}

function generatedOf(plan: TablePlan, source: TableSchema, column: ColumnSchema): Extra {
  const { name, type, generated } = column;
  if (generated === null) return {};
  const add = (expression: string): string =>
    `ALTER TABLE ${qualified(plan.target)} ADD COLUMN ${quote(name)} ${type} GENERATED ALWAYS AS (${expression}) STORED`;
  if (source.product !== RULES.product)
    return { leftOut: withReason(add(generated), 'it could mean something else here') };
  const renamed = renamer(source, columnsByName(plan), RULES)(generated);
  if (renamed === null) return { leftOut: withReason(add(generated), 'not all of its columns are copied') };
  return isClosedSql(generated, RULES.style) ? { tried: add(renamed) } : { leftOut: add(generated) };
}

/** Collations, defaults, generated columns and sequences, the source's own between PostgreSQL and PostgreSQL. */
export function columnExtras(plan: TablePlan, source: TableSchema): ColumnExtras {
  const extras = [
    ...plan.columns.map((column) => collationOf(plan, source, column)),
    ...plan.columns.map((column) => defaultOf(plan, source, column)),
    ...source.columns.map((column) => generatedOf(plan, source, column)),
  ];
  return {
    sequences: [...new Set(extras.flatMap(({ sequence }) => sequence ?? []))],
    tried: extras.flatMap(({ tried }) => tried ?? []),
    leftOut: extras.flatMap(({ leftOut }) => leftOut ?? []),
  };
}
