import { isClosedSql } from '../../../engine/structure/is-closed-sql.ts';
import { columnsByName } from '../../../engine/structure/rename.ts';
import { translateDefault } from '../../../engine/structure/translate-default.ts';
import { renamer, withReason } from '../../../engine/structure/wanted-indexes.ts';
import type { Expression } from '../../../model/expression.ts';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import type { ColumnSchema, TableSchema } from '../../../model/table-schema.ts';
import { qualified, quote } from '../sql/names.ts';
import { renderCreateSequence, renderNext, sequenceAt, sequenceIn } from '../sql/sequence-sql.ts';
import { parseType } from '../types/type-text.ts';
import { defaultsFor, RULES } from './words.ts';

/** What columns have besides their types. */
export interface ColumnExtras {
  /** Several tables may draw from one, and whoever is first makes it. */
  readonly sequences: readonly string[];
  /** Statements that the server may not take, in the order in which they are tried. */
  readonly tried: readonly string[];
  /** SQL with the reason. */
  readonly leftOut: readonly string[];
}

interface Extra {
  readonly sequence?: string;
  readonly tried?: string;
  readonly leftOut?: string;
}

const MEANS_ELSE = 'it could mean something else here';

/** A number that counts by itself, and takes what is given. */
export function counts(column: ColumnPlan, source: TableSchema): boolean {
  const from = source.columns.find(({ name }) => name === column.source);
  if (!from || parseType(column.targetType).base !== 'NUMBER') return false;
  return from.identity !== null || (from.default ?? '').startsWith('nextval(');
}

const textOf = (of: Expression | undefined): string | null => (of?.kind === 'text' ? of.text : null);

function defaultOf(plan: TablePlan, source: TableSchema, column: ColumnPlan): Extra {
  const from = source.columns.find(({ name }) => name === column.source);
  if (!from || from.default === null) return {};
  const set = (said: string): string =>
    `ALTER TABLE ${qualified(plan.target)} MODIFY (${quote(column.target)} DEFAULT ${said})`;
  const drawn = source.product === RULES.product ? sequenceIn(from.default) : null;
  if (drawn && from.sequence) {
    const name = sequenceAt(plan, drawn);
    return { sequence: renderCreateSequence(name, from.sequence), tried: set(renderNext(name)) };
  }
  if (source.product === RULES.product)
    return isClosedSql(from.default, RULES.style)
      ? { tried: set(from.default) }
      : { leftOut: set(from.default) };
  const { neutralDefault } = from;
  const words = defaultsFor(column.targetType, textOf(neutralDefault));
  const said = translateDefault(neutralDefault, column.logical, words);
  return said === null ? { leftOut: withReason(set(from.default), MEANS_ELSE) } : { tried: set(said) };
}

/** A table counts one column at most. */
function identityLosses(plan: TablePlan, source: TableSchema, identity: string | null): readonly string[] {
  const modify = (column: ColumnPlan, words: string): string =>
    `ALTER TABLE ${qualified(plan.target)} MODIFY (${quote(column.target)} GENERATED ${words} AS IDENTITY)`;
  return plan.columns.flatMap((column) => {
    const from = source.columns.find(({ name }) => name === column.source);
    if (!counts(column, source))
      return from?.identity
        ? [withReason(modify(column, 'BY DEFAULT'), 'only a column of whole numbers counts here')]
        : [];
    if (column.target !== identity)
      return [withReason(modify(column, 'BY DEFAULT'), 'a table has one column that counts at most')];
    return from?.identity === 'always'
      ? [withReason(modify(column, 'ALWAYS'), 'made BY DEFAULT: the rows bring their own numbers')]
      : [];
  });
}

function generatedOf(plan: TablePlan, source: TableSchema, column: ColumnSchema): Extra {
  const { name, type, generated } = column;
  if (generated === null) return {};
  const add = (said: string): string =>
    `ALTER TABLE ${qualified(plan.target)} ADD (${quote(name)} ${type} GENERATED ALWAYS AS (${said}) VIRTUAL)`;
  if (source.product !== RULES.product) return { leftOut: withReason(add(generated), MEANS_ELSE) };
  const renamed = renamer(source, columnsByName(plan), RULES)(generated);
  if (renamed === null) return { leftOut: withReason(add(generated), 'not all of its columns are copied') };
  return isClosedSql(generated, RULES.style) ? { tried: add(renamed) } : { leftOut: add(generated) };
}

/** Defaults and virtual columns, the source's own between two Oracles. @param identity  the column that counts by itself */
export function columnExtras(plan: TablePlan, source: TableSchema, identity: string | null): ColumnExtras {
  const extras = [
    ...plan.columns.map((column) => (counts(column, source) ? {} : defaultOf(plan, source, column))),
    ...source.columns.map((column) => generatedOf(plan, source, column)),
  ];
  return {
    sequences: [...new Set(extras.flatMap(({ sequence }) => sequence ?? []))],
    tried: extras.flatMap(({ tried }) => tried ?? []),
    leftOut: [...extras.flatMap(({ leftOut }) => leftOut ?? []), ...identityLosses(plan, source, identity)],
  };
}
