import { quote } from '../../sql.ts';
import { OWN_COLUMNS } from '../captured-shape.ts';
import { namedIn, type Rival, type TriggerSource } from './trigger-source.ts';
import {
  balanced,
  keptColumns,
  keyStands,
  listed,
  messageKey,
  renderEvent,
  same,
  where,
} from './trigger-words.ts';

/*
 * REPLACE, of a statement or of a constraint, takes away rows that have a unique key of the new one, and no trigger hears of it
 * unless the application has set recursive_triggers. So each row that could be taken away is kept before, and once the new
 * row is in, it is looked whether the kept one is there still: what is gone is recorded as deleted, with an id before the new row's.
 *
 * A D that was recorded before could be wrong: under OR IGNORE, OR FAIL and ON CONFLICT DO NOTHING the new row does not get in, and
 * what BEFORE triggers have done stays. A row that is kept and not taken away does no harm: it is looked at again when a row with its
 * unique key gets in, and then tells the truth, for a key that is not in the table is deleted whoever says so.
 */

const IS_KEPT = `${OWN_COLUMNS.flags} = -1`;
const LITERAL = /^(?:-?\d+(?:\.\d+)?|'(?:[^']|'')*')$/;

/** REPLACE gives a column that is NOT NULL its default in the place of NULL, and only after BEFORE triggers ran. */
function valueOf({ table }: TriggerSource, column: string): string {
  const own = table.columns.find(({ name }) => name === column);
  const value = `NEW.${quote(column)}`;
  return own?.nullable === false && own.default !== null && LITERAL.test(own.default)
    ? `coalesce(${value}, ${own.default})`
    : value;
}

/** A row, of the table or of those that are kept, has the unique key of the new row. */
function matches(source: TriggerSource, { parts }: Rival): string {
  const terms = parts.map(({ column, expression, collation }) => {
    const collate = `COLLATE ${quote(collation ?? 'BINARY')}`;
    if (column !== null) return `${quote(column)} = ${valueOf(source, column)} ${collate}`;
    const sql = expression?.sql ?? 'NULL';
    const columns = namedIn(sql, source.table).map((name) => `NEW.${quote(name)} AS ${quote(name)}`);
    return `(\n${sql}\n) ${collate} IN (SELECT (\n${sql}\n) FROM (SELECT ${columns.length === 0 ? '1' : columns.join(', ')}))`;
  });
  return balanced(terms, ' AND ');
}

/** The columns by which a row is known, of the table and of the rows that are kept. */
const identities = ({ identity, shape }: TriggerSource): readonly (readonly [now: string, kept: string])[] =>
  identity.map((name) => [name, shape.key.length === 0 ? OWN_COLUMNS.rowid : name]);

/** Before the row is in: whose unique keys are the new row's is kept, once. */
function keep(source: TriggerSource, rival: Rival, isUpdate: boolean): readonly string[] {
  const { names, table, address } = source;
  const parts = rival.parts.flatMap(({ column, expression }) =>
    column === null ? namedIn(expression?.sql ?? '', table) : [column],
  );
  // A row may come into an index with a condition by a column of that.
  const columns = [...new Set([...parts, ...namedIn(rival.condition, table)])];
  const unmoved = columns.map((name) => same(`OLD.${quote(name)}`, `NEW.${quote(name)}`));
  const itself = address.map((name) => same(`sluice_now.${name}`, `OLD.${name}`));
  const another = isUpdate
    ? `${unmoved.length === 0 ? '' : ` AND NOT ${balanced(unmoved, ' AND ')}`} AND NOT ${balanced(itself, ' AND ')}`
    : '';
  const partial = rival.condition === null ? '' : ` AND (\n${rival.condition}\n)`;
  const from = ` FROM ${names.table} AS sluice_now WHERE ${matches(source, rival)}${partial}${where(source)}${another}`;
  const kept = keptColumns(source, 'sluice_now.');
  const known = identities(source);
  const list = known.map(([name], at) => `sluice_now.${name} AS sluice_${at + 1}`).join(', ');
  const equal = known.map(
    ([, name], at) =>
      `sluice_old.${name} = sluice_rival.sluice_${at + 1} AND ${same(`sluice_old.${name}`, `sluice_rival.sluice_${at + 1}`)}`,
  );
  return [
    `DELETE FROM ${names.old} WHERE ${OWN_COLUMNS.place} IN (SELECT sluice_old.${OWN_COLUMNS.place} FROM (SELECT ${list}${from}) AS sluice_rival, ${names.old} AS sluice_old WHERE sluice_old.${IS_KEPT} AND ${equal.join(' AND ')});`,
    `INSERT INTO ${names.old} (${[...kept.names, OWN_COLUMNS.flags].join(', ')}) SELECT ${[...kept.values, '-1'].join(', ')}${from};`,
  ];
}

export const renderBefore = (source: TriggerSource, isUpdate: boolean): readonly string[] =>
  source.rivals.flatMap((rival) => keep(source, rival, isUpdate));

/**
 * After the row is in: rows that were kept and are gone are recorded as deleted, one for each unique key at most. Those that were
 * kept last come first: older ones may have been kept for a row that never got in, and be gone in the open since.
 */
export function renderRivalsGone(source: TriggerSource): readonly string[] {
  if (source.rivals.length === 0) return [];
  const { names, shape } = source;
  const match = source.rivals.map((rival) => `${IS_KEPT} AND ${matches(source, rival)}`).join(' OR ');
  const key = (name: string): string => `sluice_old.${shape.key.length === 0 ? OWN_COLUMNS.rowid : name}`;
  const from = ` FROM ${names.old} AS sluice_old WHERE (${match}) AND NOT ${keyStands(source, key)} ORDER BY ${OWN_COLUMNS.place} DESC LIMIT 1`;
  const old = { list: listed(source), from };
  return source.rivals.flatMap(() => [
    ...renderEvent(source, { letter: 'D', old, fresh: null, key: messageKey(source) }),
    `DELETE FROM ${names.old} WHERE ${OWN_COLUMNS.place} = (SELECT ${OWN_COLUMNS.place}${from});`,
  ]);
}

/** What is deleted in the open is not waited for: with recursive_triggers REPLACE comes this way too. */
export const renderForgotten = (source: TriggerSource): readonly string[] =>
  source.rivals.length === 0
    ? []
    : [
        `DELETE FROM ${source.names.old} WHERE ${IS_KEPT} AND ${identities(source)
          .map(([name, kept]) => `${kept} = OLD.${name} AND ${same(kept, `OLD.${name}`)}`)
          .join(' AND ')};`,
      ];

/**
 * Rows are kept until their events are read when a whole file is loaded with OR IGNORE: each is found by its keys all the same. An index
 * that cannot be made here, for it needs what only the application has, is done without.
 */
export function renderKeptIndexes(source: TriggerSource): readonly string[] {
  if (source.rivals.length === 0) return [];
  const name = (at: number): string => quote(`${source.names.old.slice(1, -1)}_${at}`);
  const lists = [
    identities(source).map(([, kept]) => kept),
    ...source.rivals.map(({ parts }) =>
      parts.map(({ column, expression, collation }) => {
        const what = column === null ? `(\n${expression?.sql ?? 'NULL'}\n)` : quote(column);
        return `${what} COLLATE ${quote(collation ?? 'BINARY')}`;
      }),
    ),
  ];
  return lists.map(
    (list, at) => `CREATE INDEX ${name(at)} ON ${source.names.old} (${list.join(', ')}) WHERE ${IS_KEPT}`,
  );
}

/** Rows of an earlier statement that are kept still; within no statement there is anything to keep. */
export const forgetKept = (old: string): string => `DELETE FROM ${old} WHERE ${IS_KEPT}`;
