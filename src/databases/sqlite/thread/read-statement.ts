import type { Position } from '../../../model/row-block.ts';
import type { LogicalType } from '../../../model/logical-type.ts';
import { ORDER_FUNCTION, orderKey, orderKind } from '../values/order-key.ts';
import { type ReadProgram, ROW_ADDRESS, type Statement } from './operations.ts';
import { bindOf } from '../values/bind-value.ts';
import type { ThreadColumn } from '../values/canonical-text.ts';
import { positionValue } from '../values/position-text.ts';
import type { StoredValue } from '../values/stored-value.ts';

/** SQL of what puts the rows in order, and the logical types of its texts in a position. */
interface Order {
  readonly expressions: readonly string[];
  readonly types: readonly LogicalType[];
  /** Makes the value to compare with from the text of a position. */
  readonly bind: readonly ((text: string) => StoredValue)[];
}

export function orderOf(program: ReadProgram): Order {
  if (program.keyColumns === null) {
    const types = [ROW_ADDRESS];
    return {
      expressions: [program.rowid],
      types,
      bind: [(text) => positionValue(text, { logical: ROW_ADDRESS, affinity: 'integer' })],
    };
  }
  const columns = program.columns.slice(0, program.keyColumns);
  const kinds = columns.map((column) => (program.side === 'target' ? orderKind(column) : null));
  return {
    expressions: kinds.map((kind, at) => {
      const expression = program.expressions[at] as string;
      return kind === null ? expression : `${ORDER_FUNCTION}('${kind}', ${expression})`;
    }),
    types: columns.map((column) => column.logical),
    bind: columns.map((column, at) => {
      const kind = kinds[at] ?? null;
      return (text) => (kind === null ? positionValue(text, column) : orderKey(kind, text));
    }),
  };
}

/** `(a, b)`, or `a` alone: SQLite has no row value of one. */
const tuple = (parts: readonly string[]): string =>
  parts.length === 1 ? parts.join() : `(${parts.join(', ')})`;

const positionValues = (position: Position, { bind }: Order): StoredValue[] =>
  bind.map((make, at) => make(position[at] ?? ''));

/** The line break ends a comment at the end of the plan's condition. */
const condition = (program: ReadProgram): string[] =>
  program.where === null ? [] : [`(${program.where}\n)`];

/** The value that a column with this text has; undefined: no row of the column has it. */
const namedValue = (
  text: string,
  column: ThreadColumn,
  side: ReadProgram['side'],
): StoredValue | undefined => (side === 'target' ? bindOf(column)(text) : positionValue(text, column));

/** For the index of the key: every term of the OR finds its own rows. */
function named({ named: wanted, columns, expressions, side }: ReadProgram): Statement | null {
  if (!wanted) return null;
  const values: StoredValue[] = [];
  const same = wanted.keys.map((at) => `${expressions[at]} = ?`).join(' AND ');
  const terms = wanted.names.flatMap((name) => {
    const row = wanted.keys.map((at, index) =>
      namedValue(name[index] ?? '', columns[at] as ThreadColumn, side),
    );
    if (row.includes(undefined)) return [];
    values.push(...(row as StoredValue[]));
    return [`(${same})`];
  });
  return { sql: terms.length === 0 ? 'FALSE' : `(${terms.join(' OR ')})`, values };
}

function bounded(program: ReadProgram, order: Order): Statement {
  const marks = tuple(order.types.map(() => '?'));
  const key = tuple(order.expressions);
  const parts = condition(program);
  const values: StoredValue[] = [];
  const bound = (operator: string, position: Position | null): void => {
    if (position === null) return;
    parts.push(`${key} ${operator} ${marks}`);
    values.push(...positionValues(position, order));
  };
  bound('>', program.after);
  bound('<=', program.upto);
  const wanted = named(program);
  if (wanted) parts.push(wanted.sql);
  if (wanted) values.push(...wanted.values);
  return { sql: parts.length === 0 ? '' : ` WHERE ${parts.join(' AND ')}`, values };
}

/** How many rows have a key. */
export function rowsAtStatement(program: ReadProgram, position: Position): Statement {
  const order = orderOf(program);
  const at = `${tuple(order.expressions)} = ${tuple(order.types.map(() => '?'))}`;
  const where = [...condition(program), at].join(' AND ');
  return {
    sql: `SELECT count(*) FROM ${program.from} WHERE ${where}`,
    values: positionValues(position, order),
  };
}

/** The rows of the range in order. `list` replaces the select list. */
export function readStatement(program: ReadProgram, list: readonly string[]): Statement {
  const order = orderOf(program);
  const { sql, values } = bounded(program, order);
  const limit = program.mostRows === null ? '' : ` LIMIT ${program.mostRows}`;
  return {
    sql: `SELECT ${list.join(', ')} FROM ${program.from}${sql} ORDER BY ${order.expressions.join(', ')}${limit}`,
    values,
  };
}

/** The same rows in no order, as far as which rows they are does not depend on it. */
export function unorderedStatement(program: ReadProgram, list: readonly string[]): Statement {
  if (program.mostRows !== null) return readStatement(program, list);
  const { sql, values } = bounded(program, orderOf(program));
  return { sql: `SELECT ${list.join(', ')} FROM ${program.from}${sql}`, values };
}

/**
 * Queries that find a row whose key has a NULL where the range's comparison would pass over it: SQLite lets NULL into a
 * primary key that is not declared NOT NULL. Each is a seek in the key's index.
 */
export function nullKeyGuards(program: ReadProgram): readonly Statement[] {
  if (program.keyColumns === null || program.ofQuery) return [];
  const order = orderOf(program);
  const bound = program.upto === null ? null : positionValues(program.upto, order);
  const guards: Statement[] = [];
  for (const [at, column] of order.expressions.entries()) {
    if (at === 0 ? program.after !== null : bound === null) continue;
    const prefix = order.expressions.slice(0, at).map((expression) => `${expression} = ?`);
    const parts = [...condition(program), ...prefix, `${column} IS NULL`];
    guards.push({
      sql: `SELECT 1 FROM ${program.from} WHERE ${parts.join(' AND ')} LIMIT 1`,
      values: bound?.slice(0, at) ?? [],
    });
  }
  return guards;
}
