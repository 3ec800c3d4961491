import {
  FOREIGN_KEY_ACTIONS,
  type ForeignKeyAction,
  type ForeignKeySchema,
  type IndexPart,
  type IndexSchema,
} from '../../../model/table-schema.ts';
import { quote } from '../sql.ts';
import { type CatalogRow, flag, text, textOrNull } from './catalog-queries.ts';
import { type CreateTableText, definitions, isWord, tokens } from './create-table-text.ts';
import type { ParseSql } from './expression-style.ts';
import { columnsOfIndex, type TableRows } from './table-rows.ts';

/** What of an index only its CREATE INDEX text tells. */
interface IndexText {
  /** Each key without COLLATE, ASC and DESC. */
  readonly keys: readonly string[];
  readonly condition: string | null;
  /** From the keys on. */
  readonly body: string | null;
}

function readCreateIndex(sql: string | null): IndexText {
  if (sql === null) return { keys: [], condition: null, body: null };
  const list = tokens(sql);
  const open = list.find((token) => token.text === '(' && token.depth === 0);
  const keys = definitions(list).map((key) => {
    const end = key.findIndex(
      (token) => token.depth === 1 && ['COLLATE', 'ASC', 'DESC'].some((word) => isWord(token, word)),
    );
    const own = end < 0 ? key : key.slice(0, end);
    return sql.slice(own[0]?.start, own.at(-1)?.end);
  });
  const where = list.find((token) => isWord(token, 'WHERE') && token.depth === 0);
  return {
    keys,
    condition: where === undefined ? null : sql.slice(where.end).trim(),
    body: open === undefined ? null : sql.slice(open.start),
  };
}

/** The model's schema of one index; one that a UNIQUE of its table made gets a name that others can use. */
export function describeIndex(rows: TableRows, index: CatalogRow, parse: ParseSql): IndexSchema {
  const ownName = text(index, 'name');
  const written = readCreateIndex(textOrNull(index, 'sql'));
  const parts = columnsOfIndex(rows, ownName).map((part, at): IndexPart => {
    const column = textOrNull(part, 'column');
    const collation = text(part, 'collation');
    return {
      column,
      expression: column === null ? parse(written.keys[at] ?? '') : null,
      descending: flag(part, 'descending'),
      nulls: null,
      collation: collation.toUpperCase() === 'BINARY' ? null : collation,
      prefix: null,
      operators: null,
    };
  });
  const columns = parts.flatMap(({ column }) => column ?? []);
  const isConstraint = written.body === null;
  const constraint = `UNIQUE (${columns.map(quote).join(', ')})`;
  return {
    name: isConstraint ? `${text(rows.table, 'table')}_${columns.join('_')}_key` : ownName,
    columns,
    unique: flag(index, 'unique'),
    parts,
    included: [],
    condition: written.condition === null ? null : parse(written.condition),
    method: 'btree',
    nullsDistinct: true,
    constraint: isConstraint ? constraint : null,
    valid: true,
    definition: textOrNull(index, 'sql') ?? constraint,
    body: written.body,
  };
}

const actionOf = (word: string): ForeignKeyAction =>
  FOREIGN_KEY_ACTIONS.find((each) => each === word.toLowerCase()) ?? 'no action';

/** Foreign keys, newest first as SQLite numbers them; they have no names here, so each gets one from its columns. */
export function describeForeignKeys(rows: TableRows, written: CreateTableText): ForeignKeySchema[] {
  const ids = [...new Set(rows.foreignKeys.map((row) => Number(row['id'])))];
  return ids.map((id) => {
    const parts = rows.foreignKeys.filter((row) => Number(row['id']) === id);
    const first = parts[0] as CatalogRow;
    const columns = parts.map((part) => text(part, 'column'));
    const parent = text(first, 'references');
    const referencedColumns = parts.flatMap((part) => textOrNull(part, 'referenced') ?? []);
    const list = (names: readonly string[]): string =>
      names.length > 0 ? ` (${names.map(quote).join(', ')})` : '';
    const deferred = written.deferred[ids.length - 1 - id] === true;
    return {
      name: `${text(rows.table, 'table')}_${columns.join('_')}_fkey`,
      columns,
      references: { schema: 'main', name: parent },
      referencedColumns,
      onUpdate: actionOf(text(first, 'onUpdate')),
      onDelete: actionOf(text(first, 'onDelete')),
      match: 'simple',
      checked: deferred ? 'deferred' : 'at-once',
      valid: true,
      definition: `FOREIGN KEY${list(columns)} REFERENCES ${quote(parent)}${list(referencedColumns)} ON UPDATE ${text(first, 'onUpdate')} ON DELETE ${text(first, 'onDelete')}${deferred ? ' DEFERRABLE INITIALLY DEFERRED' : ''}`,
    };
  });
}
