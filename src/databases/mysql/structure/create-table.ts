import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import type { ColumnSchema, TableSchema } from '../../../model/table-schema.ts';
import type { ServerFacts } from '../connections/pins.ts';
import type { Session } from '../connections/session.ts';
import { vendorCode } from '../error-codes.ts';
import { literal, qualified, quote } from '../sql/names.ts';
import { INT_BITS, parseType } from '../types/type-text.ts';
import { translateDefault } from '../../../engine/structure/translate-default.ts';
import { isClosedSql } from '../../../engine/structure/is-closed-sql.ts';
import { columnsByName } from '../../../engine/structure/rename.ts';
import { renamer } from '../../../engine/structure/wanted-indexes.ts';
import { STYLE } from './expression-style.ts';
import { defaultsFor, KEY_BYTES } from './words.ts';

export const sourceOf = (source: TableSchema, name: string): ColumnSchema | undefined =>
  source.columns.find((column) => column.name === name);

/** Target names of the source's primary key; null where the plan leaves one of its columns out. */
export function primaryKeyOf(plan: TablePlan, source: TableSchema): readonly string[] | null {
  const names = source.primaryKey?.columns.map(
    (name) => plan.columns.find((column) => column.source === name)?.target,
  );
  return names?.every((name) => name !== undefined) ? names : null;
}

const isText = (base: string): boolean => base === 'char' || base === 'varchar' || base.endsWith('text');
const isUnlimited = (base: string): boolean => base.endsWith('text') || base.endsWith('blob');

/** A key of texts or bytes without a length gets one: the longest that fits. Longer values are refused. */
export function keyLengths(plan: TablePlan, key: readonly string[]): ReadonlyMap<string, string> {
  const columns = key.flatMap((name) => plan.columns.find((column) => column.target === name) ?? []);
  const types = columns.map((column) => parseType(column.targetType));
  const taken = types.reduce((sum, { base, args: [length = 0] }) => {
    if (isUnlimited(base)) return sum;
    return sum + (isText(base) ? length * 4 : base.endsWith('binary') ? length : 8);
  }, 0);
  const open = types.filter(({ base }) => isUnlimited(base)).length;
  const each = Math.floor((KEY_BYTES - taken) / Math.max(1, open));
  return new Map(
    columns.flatMap((column, at) => {
      const { base } = types[at]!;
      if (!isUnlimited(base)) return [];
      const type = isText(base) ? `varchar(${Math.floor(each / 4)})` : `varbinary(${each})`;
      return [[column.target, type] as const];
    }),
  );
}

/** An identity needs a key that begins with it, and a table has one at most. */
function identityOf(plan: TablePlan, source: TableSchema, key: readonly string[] | null): string | null {
  const [first] = key ?? [];
  const column = plan.columns.find(({ target }) => target === first);
  if (!column || INT_BITS[parseType(column.targetType).base] === undefined) return null;
  const from = sourceOf(source, column.source);
  const counts = from?.identity !== null || (from.default ?? '').startsWith('nextval(');
  return from && counts ? column.target : null;
}

interface Shape {
  readonly facts: ServerFacts;
  readonly collations: ReadonlySet<string>;
  readonly key: readonly string[] | null;
  readonly lengths: ReadonlyMap<string, string>;
  readonly identity: string | null;
}

/** Texts are compared by their bytes, as other products do, unless the source says how and the server knows it. */
function collationOf(column: ColumnPlan, from: ColumnSchema | undefined, shape: Shape): string {
  if (column.logical.kind === 'uuid') return ' CHARACTER SET ascii COLLATE ascii_bin';
  const known = from?.collation ?? '';
  if (!shape.collations.has(known)) return '';
  return ` CHARACTER SET ${known.slice(0, known.indexOf('_') === -1 ? undefined : known.indexOf('_'))} COLLATE ${known}`;
}

function renderColumn(column: ColumnPlan, source: TableSchema, shape: Shape): string {
  const from = sourceOf(source, column.source);
  const { base } = parseType(column.targetType);
  const isDocument = column.logical.kind === 'json' || column.logical.kind === 'jsonb';
  // MariaDB's JSON is a LONGTEXT that is checked; MySQL's would rewrite the text.
  const asDocument = isDocument && base === 'longtext' && shape.facts.flavour === 'mariadb';
  const type = asDocument ? 'JSON' : (shape.lengths.get(column.target) ?? column.targetType);
  const takesCollation = !asDocument && (isText(base) || base === 'enum' || base === 'set');
  const collation = takesCollation ? collationOf(column, from, shape) : '';
  const comment = from?.comment ? ` COMMENT ${literal(from.comment)}` : '';
  const identity = shape.identity === column.target ? ' AUTO_INCREMENT' : '';
  const onUpdate = from?.onUpdate === undefined ? '' : ` ON UPDATE ${from.onUpdate}`;
  return `${quote(column.target)} ${type}${collation} ${column.nullable ? 'NULL' : 'NOT NULL'}${identity}${onUpdate}${comment}`;
}

function renderCreateTable(plan: TablePlan, source: TableSchema, shape: Shape): string {
  const parts = [
    ...plan.columns.map((column) => renderColumn(column, source, shape)),
    ...(shape.key ? [`PRIMARY KEY (${shape.key.map(quote).join(', ')})`] : []),
  ];
  const comment = source.comment ? ` COMMENT ${literal(source.comment)}` : '';
  return `CREATE TABLE ${qualified(plan.target)} (${parts.join(', ')}) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE ${shape.facts.binaryCollation} ROW_FORMAT=DYNAMIC${comment}`;
}

/** How a table is made at this server. */
export interface Making {
  readonly needed: readonly string[];
  /** Left out where the server does not take them. */
  readonly tried: readonly string[];
  /** Left out without a try. */
  readonly untranslated: readonly string[];
}

async function collationsOf(session: Session, source: TableSchema): Promise<ReadonlySet<string>> {
  const names = [...new Set(source.columns.flatMap(({ collation }) => collation ?? []))];
  const plain = names.filter((name) => /^[a-z][a-z0-9]*_[a-z0-9_]+$/.test(name));
  if (plain.length === 0) return new Set();
  const { rows } = await session.query(
    `SELECT COLLATION_NAME FROM information_schema.COLLATIONS WHERE COLLATION_NAME IN (${plain.map(literal).join(', ')})`,
  );
  return new Set(rows.map(([name]) => name ?? ''));
}

/** Between servers of this product the expression itself; else what means the same. */
function renderDefault(text: string, column: ColumnPlan, source: TableSchema): string | null {
  const from = sourceOf(source, column.source);
  const neutral = from?.neutralDefault;
  if (source.product !== 'mysql')
    return translateDefault(neutral, column.logical, defaultsFor(column.targetType));
  const isLiteral = neutral !== undefined && neutral.kind !== 'call' && neutral.kind !== 'binary';
  if (!isClosedSql(text, STYLE)) return null;
  // MySQL takes the moment in brackets only, where a default is set later.
  const isMoment = /^(?:current_timestamp|now|localtimestamp)/i.test(text);
  return (isLiteral && !isMoment) || text.startsWith("b'") ? text : `(${text})`;
}

function defaultsOf(plan: TablePlan, source: TableSchema, identity: string | null) {
  const alter = `ALTER TABLE ${qualified(plan.target)} ALTER COLUMN`;
  const tried: string[] = [];
  const untranslated: string[] = [];
  for (const column of plan.columns) {
    const from = sourceOf(source, column.source);
    const text = from?.default ?? null;
    if (from?.identity && identity !== column.target)
      untranslated.push(
        `-- ${quote(column.target)} counts by itself at the source; here only the first column of the key can`,
      );
    if (text === null || identity === column.target) continue;
    const translated = renderDefault(text, column, source);
    if (translated === null) untranslated.push(`${alter} ${quote(column.target)} SET DEFAULT ${text}`);
    else tried.push(`${alter} ${quote(column.target)} SET DEFAULT ${translated}`);
  }
  return { tried, untranslated };
}

/** Generated columns of a table of this product; those of others are left out. */
function generatedColumns(plan: TablePlan, source: TableSchema): readonly string[] {
  if (source.product !== 'mysql') return [];
  const rename = renamer(source, columnsByName(plan), { style: STYLE, words: { quote } });
  return source.columns.flatMap(({ name, type, generated }) => {
    const expression = generated !== null && isClosedSql(generated, STYLE) ? rename(generated) : null;
    if (expression === null) return [];
    return [
      `ALTER TABLE ${qualified(plan.target)} ADD COLUMN ${quote(name)} ${type} GENERATED ALWAYS AS (${expression}) STORED`,
    ];
  });
}

export async function makingOf(session: Session, plan: TablePlan, source: TableSchema): Promise<Making> {
  const { facts } = session;
  const key = primaryKeyOf(plan, source);
  const identity = identityOf(plan, source, key);
  const shape: Shape = {
    facts,
    collations: await collationsOf(session, source),
    key,
    lengths: keyLengths(plan, key ?? []),
    identity,
  };
  const { rows } = await session.query(
    `SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${literal(plan.target.schema)}`,
  );
  const database = rows[0] ? [] : [`CREATE DATABASE IF NOT EXISTS ${quote(plan.target.schema)}`];
  const { tried, untranslated } = defaultsOf(plan, source, identity);
  return {
    needed: [...database, renderCreateTable(plan, source, shape)],
    tried: [...tried, ...generatedColumns(plan, source)],
    untranslated,
  };
}

/** @returns statements that this server did not take */
export async function createTable(
  session: Session,
  plan: TablePlan,
  source: TableSchema,
): Promise<readonly string[]> {
  const making = await makingOf(session, plan, source);
  for (const statement of making.needed) await session.query(statement);
  const refused = [...making.untranslated];
  for (const statement of making.tried) {
    try {
      await session.query(statement);
    } catch (error) {
      if (!/^\d+$/.test(vendorCode(error))) throw error;
      refused.push(statement);
    }
  }
  return refused;
}
