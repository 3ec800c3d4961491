import { quote } from '../../sql.ts';
import { OWN_COLUMNS } from '../captured-shape.ts';
import type { TriggerSource } from './trigger-source.ts';

/** Time of an event as the file has it. */
export const NOW = `strftime('%Y-%m-%d %H:%M:%f', 'now')`;

/** Terms joined as a tree: SQLite takes none of more than 1,000 levels, and a table may have 2,000 columns. */
export function balanced(terms: readonly string[], operator: string): string {
  if (terms.length <= 2) return terms.length === 1 ? String(terms[0]) : `(${terms.join(operator)})`;
  const middle = terms.length >> 1;
  return `(${balanced(terms.slice(0, middle), operator)}${operator}${balanced(terms.slice(middle), operator)})`;
}

/** Equal in bytes and storage class, whatever the collation; NULL is NULL. */
export const same = (left: string, right: string): string =>
  `(${left} COLLATE BINARY IS ${right} AND typeof(${left}) = typeof(${right}))`;

/** OLD and NEW are the same row for a target. */
export const sameRow = ({ identity }: TriggerSource): string =>
  balanced(
    identity.map((name) => same(`OLD.${name}`, `NEW.${name}`)),
    ' AND ',
  );

/** The condition of the configuration; the line breaks keep what it ends with from the rest. */
export const where = ({ where: condition }: TriggerSource): string =>
  condition === null ? '' : ` AND (\n${condition}\n)`;

/**
 * The new row is read from its table again, and never taken from NEW: a trigger of the application that ran before this one may have
 * changed it, and its event then has the lower id. Where it is gone already there is nothing to tell.
 */
export const current = (source: TriggerSource, also: string): string => {
  const own = source.address.map((name) => `sluice_now.${name} = NEW.${name}`).join(' AND ');
  return ` FROM ${source.names.table} AS sluice_now WHERE ${own}${where(source)}${also}`;
};

/** A row with this key is in the table, and in its condition. `key` gives the other side's name of a column. */
export const keyStands = (source: TriggerSource, key: (name: string) => string): string => {
  const equal = source.identity.map(
    (name) => `sluice_now.${name} = ${key(name)} AND ${same(`sluice_now.${name}`, key(name))}`,
  );
  return `EXISTS (SELECT 1 FROM ${source.names.table} AS sluice_now WHERE ${equal.join(' AND ')}${where(source)})`;
};

const inBrackets = (sql: string): string => `(\n${sql}\n)`;

/** What an event has of a row, be it of the table or of the old ones that are kept. */
export const listed = ({ shape, expressions }: TriggerSource): readonly string[] => [
  ...shape.columns.map(({ name }) => quote(name)),
  ...expressions.map(inBrackets),
];

export const messageKey = ({ keyExpression }: TriggerSource): string | null =>
  keyExpression === null ? null : inBrackets(keyExpression);

/** A list and the rest of a SELECT that gives one row or none. */
export interface OneRow {
  readonly list: readonly string[];
  readonly from: string;
}

export interface Recorded {
  readonly letter: 'I' | 'U' | 'D';
  /** Both give a row, or neither does. */
  readonly old: OneRow | null;
  readonly fresh: OneRow | null;
  readonly key: string | null;
}

/** Events of what a SELECT gives. @param rest  of the SELECT, behind its list */
export const renderInserted = (
  { names, number, layout }: TriggerSource,
  letter: string,
  key: string | null,
  rest: string,
): string =>
  `INSERT INTO ${names.events} (table_number, layout, operation, at, message_key) SELECT ${number}, ${layout}, '${letter}', ${NOW}, ${key ?? 'NULL'}${rest}`;

/** Rows of events. @param list  the place of each, and its values */
export const renderInsertedRows = ({ names }: TriggerSource, list: readonly string[], rest: string): string =>
  `INSERT INTO ${names.rows} SELECT ${list.join(', ')}${rest}`;

/** One event with its rows. last_insert_rowid() is the event's id, and then the number of the row that was written last. */
export function renderEvent(source: TriggerSource, { letter, old, fresh, key }: Recorded): readonly string[] {
  const from = (fresh ?? old)?.from ?? '';
  const row = (place: string, one: OneRow): string =>
    `${renderInsertedRows(source, [place, ...one.list], one.from)};`;
  return [
    `${renderInserted(source, letter, key, from)};`,
    ...(old === null ? [] : [row('last_insert_rowid() * 2', old)]),
    ...(fresh === null
      ? []
      : [row(old === null ? 'last_insert_rowid() * 2 + 1' : 'last_insert_rowid() + 1', fresh)]),
  ];
}

/** Old rows that are kept for the length of a trigger have flags from 0 on. */
export const IS_SCRATCH = `${OWN_COLUMNS.flags} >= 0`;

/** Columns of the kept old rows and where they come from; the rowid has one of its own where it is all that a row is known by. */
export function keptColumns(
  { oldColumns, shape, address }: TriggerSource,
  from: string,
): { readonly names: readonly string[]; readonly values: readonly string[] } {
  const names = (oldColumns ?? []).map(quote);
  const rowid = shape.key.length === 0;
  return {
    names: [...names, ...(rowid ? [OWN_COLUMNS.rowid] : [])],
    values: [
      ...names.map((name) => `${from}${name}`),
      ...(rowid ? address.map((name) => `${from}${name}`) : []),
    ],
  };
}
