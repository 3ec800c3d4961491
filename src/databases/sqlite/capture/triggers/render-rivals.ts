import { quote } from '../../sql.ts';
import { OWN_COLUMNS } from '../captured-shape.ts';
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
import { type Rival, namedIn, type TriggerSource } from './trigger-source.ts';

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
function valueOf({ table }: TriggerSource, column: string, row: 'NEW.' | 'OLD.'): string {
  const own = table.columns.find(({ name }) => name === column);
  const value = `${row}${quote(column)}`;
  return own?.nullable === false && own.default !== null && LITERAL.test(own.default)
    ? `coalesce(${value}, ${own.default})`
    : value;
}

/** A row, of the table or of those that are kept, has the same unique key as `row`. */
function matches(source: TriggerSource, { parts }: Rival, row: 'NEW.' | 'OLD.'): string {
  const terms = parts.map(({ column, expression, collation }) => {
    const collate = `COLLATE ${quote(collation ?? 'BINARY')}`;
    if (column !== null) return `${quote(column)} = ${valueOf(source, column, row)} ${collate}`;
    const sql = expression?.sql ?? 'NULL';
    const columns = namedIn(sql, source.table).map((name) => `${row}${quote(name)} AS ${quote(name)}`);
    return `(\n${sql}\n) ${collate} IN (SELECT (\n${sql}\n) FROM (SELECT ${columns.length === 0 ? '1' : columns.join(', ')}))`;
  });
  return balanced(terms, ' AND ');
}

/** Before the row is in: whose unique keys are the new row's is kept. */
function keep(source: TriggerSource, rival: Rival, isUpdate: boolean): readonly string[] {
  const { names, table } = source;
  const columns = rival.parts.flatMap(({ column, expression }) =>
    column === null ? namedIn(expression?.sql ?? '', table) : [column],
  );
  const alike = balanced(
    columns.map((name) => same(`OLD.${quote(name)}`, `NEW.${quote(name)}`)),
    ' AND ',
  );
  const moved = isUpdate && columns.length > 0 ? ` AND NOT ${alike}` : '';
  const itself = source.address.map((name) => same(`sluice_now.${name}`, `OLD.${name}`)).join(' AND ');
  const another = isUpdate ? ` AND NOT (${itself})` : '';
  const partial = rival.condition === null ? '' : ` AND (\n${rival.condition}\n)`;
  const kept = keptColumns(source, 'sluice_now.');
  const match = matches(source, rival, 'NEW.');
  return [
    `DELETE FROM ${names.old} WHERE ${IS_KEPT} AND ${match}${moved};`,
    `INSERT INTO ${names.old} (${[...kept.names, OWN_COLUMNS.flags].join(', ')}) SELECT ${[...kept.values, '-1'].join(', ')} FROM ${names.table} AS sluice_now WHERE ${match}${partial}${where(source)}${moved}${another};`,
  ];
}

export const renderBefore = (source: TriggerSource, isUpdate: boolean): readonly string[] =>
  source.rivals.flatMap((rival) => keep(source, rival, isUpdate));

/** After the row is in: rows that were kept and are gone are recorded as deleted. */
export const renderRivalsGone = (source: TriggerSource): readonly string[] =>
  source.rivals.flatMap((rival) => {
    const { names, shape } = source;
    const match = `${IS_KEPT} AND ${matches(source, rival, 'NEW.')}`;
    const key = (name: string): string => `sluice_old.${shape.key.length === 0 ? OWN_COLUMNS.rowid : name}`;
    const from = ` FROM ${names.old} AS sluice_old WHERE ${match} AND NOT ${keyStands(source, key)} LIMIT 1`;
    const old = { list: listed(source), from };
    return [
      ...renderEvent(source, { letter: 'D', old, fresh: null, key: messageKey(source) }),
      `DELETE FROM ${names.old} WHERE ${match};`,
    ];
  });

/** What is deleted in the open is not waited for: with recursive_triggers REPLACE comes this way too. */
export const renderForgotten = (source: TriggerSource): readonly string[] =>
  source.rivals.map(
    (rival) => `DELETE FROM ${source.names.old} WHERE ${IS_KEPT} AND ${matches(source, rival, 'OLD.')};`,
  );

/** Rows of an earlier statement that are kept still; within no statement there is anything to keep. */
export const forgetKept = (old: string): string => `DELETE FROM ${old} WHERE ${IS_KEPT}`;
