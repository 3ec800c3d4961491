import { quote } from '../../sql.ts';
import { isExact, OWN_COLUMNS } from '../captured-shape.ts';
import { renderBefore, renderForgotten, renderRivalsGone } from './render-rivals.ts';
import {
  balanced,
  current,
  IS_SCRATCH,
  keptColumns,
  keyStands,
  listed,
  messageKey,
  renderEvent,
  same,
  sameRow,
  where,
} from './trigger-words.ts';
import type { TriggerSource } from './trigger-source.ts';

/** A trigger of ours, as sqlite_schema keeps it. */
export interface TriggerText {
  readonly name: string;
  readonly sql: string;
}

/** The place before the name of the table, so that no two tables can have the same: none of these begins another. */
const WHEN = ['insert', 'update', 'delete', 'before_insert', 'before_update'] as const;
type When = (typeof WHEN)[number];

const triggerName = (prefix: string, when: When, table: string): string => `${prefix}${when}_${table}`;

/** Whether a trigger is one of ours, on whatever table. */
export const isOurTrigger = (prefix: string, name: string): boolean =>
  WHEN.some((when) => name.startsWith(`${prefix}${when}_`));

const recordNew = (source: TriggerSource, also: string): readonly string[] =>
  renderEvent(source, {
    letter: 'I',
    old: null,
    fresh: { list: listed(source), from: current(source, also) },
    key: messageKey(source),
  });

const ofOld = (name: string): string => `OLD.${name}`;
const oldList = ({ shape }: TriggerSource): readonly string[] =>
  shape.columns.map(({ name }) => ofOld(quote(name)));

/** Some column that is recorded is another one, in its bytes and its storage class. SQL does not tell -0.0 from 0.0. */
function changed(source: TriggerSource): string {
  const { facts, recorded, table } = source;
  const terms = table.columns
    .filter(({ name }) => recorded.includes(name))
    .map(({ name, type }) => {
      const fresh = `NEW.${quote(name)}`;
      const equal = same(`OLD.${quote(name)}`, fresh);
      return isExact(type, facts)
        ? `(${equal} AND NOT (typeof(${fresh}) = 'real' AND ${fresh} = 0.0))`
        : equal;
    });
  return terms.length === 0 ? '0' : `NOT ${balanced(terms, ' AND ')}`;
}

/** A table without condition, expressions and other unique keys: OLD is all that is needed of the old row. */
function plainUpdate(source: TriggerSource): readonly string[] {
  const list = oldList(source);
  const alike = sameRow(source);
  const from = current(source, ` AND ${alike}`);
  const gone = ` WHERE NOT ${alike} AND NOT ${keyStands(source, ofOld)}`;
  return [
    ...renderEvent(source, {
      letter: 'U',
      old: { list, from },
      fresh: { list: listed(source), from },
      key: null,
    }),
    ...renderEvent(source, { letter: 'D', old: { list, from: gone }, fresh: null, key: null }),
    ...recordNew(source, ` AND NOT ${alike}`),
  ];
}

/** The old row under the types of its table, where conditions and expressions mean what they mean there. */
const keepOld = (source: TriggerSource): string => {
  const { names, values } = keptColumns(source, 'OLD.');
  return `INSERT INTO ${source.names.old} (${[...names, OWN_COLUMNS.flags].join(', ')}) SELECT ${[...values, '0'].join(', ')};`;
};

/**
 * Flags of the kept row: 1 where the old row counted, 2 where the new one does. A condition that is not known to be true is not
 * true, in all four cases.
 */
function weigh(source: TriggerSource, hasNew: boolean): string {
  const { old } = source.names;
  const before =
    source.where === null
      ? '1'
      : `EXISTS (SELECT 1 FROM ${old} AS sluice_old WHERE ${IS_SCRATCH}${where(source)})`;
  const after = hasNew ? ` + 2 * EXISTS (SELECT 1${current(source, '')})` : '';
  return `UPDATE ${old} SET ${OWN_COLUMNS.flags} = ${before}${after} WHERE ${IS_SCRATCH};`;
}

/** A row whose key stands again, by a trigger of the application that ran before this one, is not deleted. */
const deleteOld = (source: TriggerSource, condition: string): readonly string[] => {
  const from = ` FROM ${source.names.old} AS sluice_old WHERE ${condition} AND NOT ${keyStands(source, ofOld)}`;
  const old = { list: listed(source), from };
  return renderEvent(source, { letter: 'D', old, fresh: null, key: messageKey(source) });
};

const forgetOld = ({ names }: TriggerSource): string => `DELETE FROM ${names.old} WHERE ${IS_SCRATCH};`;

function weighedUpdate(source: TriggerSource): readonly string[] {
  const { names } = source;
  const flags = `(SELECT ${OWN_COLUMNS.flags} FROM ${names.old} WHERE ${IS_SCRATCH})`;
  const alike = sameRow(source);
  const update = ` AND ${alike} AND ${changed(source)}`;
  const list = listed(source);
  return [
    keepOld(source),
    weigh(source, true),
    ...renderEvent(source, {
      letter: 'U',
      old: { list, from: ` FROM ${names.old} AS sluice_old WHERE ${OWN_COLUMNS.flags} = 3${update}` },
      fresh: { list, from: current(source, ` AND ${flags} = 3${update}`) },
      key: messageKey(source),
    }),
    ...deleteOld(source, `(${OWN_COLUMNS.flags} = 1 OR ${OWN_COLUMNS.flags} = 3 AND NOT ${alike})`),
    ...recordNew(source, ` AND (${flags} = 2 OR ${flags} = 3 AND NOT ${alike})`),
    forgetOld(source),
  ];
}

function deleteBody(source: TriggerSource): readonly string[] {
  if (source.oldColumns === null) {
    const old = { list: oldList(source), from: ` WHERE NOT ${keyStands(source, ofOld)}` };
    return renderEvent(source, { letter: 'D', old, fresh: null, key: null });
  }
  return [
    ...renderForgotten(source),
    keepOld(source),
    weigh(source, false),
    ...deleteOld(source, `${OWN_COLUMNS.flags} = 1`),
    forgetOld(source),
  ];
}

function updateBody(source: TriggerSource): readonly string[] {
  if (!source.operations.has('update')) return renderRivalsGone(source);
  return source.oldColumns === null
    ? plainUpdate(source)
    : [...renderRivalsGone(source), ...weighedUpdate(source)];
}

const BODIES: { readonly [K in When]: (source: TriggerSource) => readonly string[] } = {
  insert: (source) => [
    ...renderRivalsGone(source),
    ...(source.operations.has('insert') ? recordNew(source, '') : []),
  ],
  update: updateBody,
  delete: (source) => (source.operations.has('delete') ? deleteBody(source) : []),
  before_insert: (source) => renderBefore(source, false),
  before_update: (source) => renderBefore(source, true),
};

/** Where nothing else is to be looked at, an update that changes nothing that is recorded is not even begun with. */
const condition = (source: TriggerSource, when: When): string =>
  when === 'update' && source.oldColumns === null ? ` WHEN ${changed(source)}` : '';

/**
 * The triggers of one table. They call typeof, strftime and last_insert_rowid and nothing else, and values go from column to column as
 * they are: there is no text to be made of them that could fail, be cut or be rounded, and none of their storage classes is lost.
 * None raises, none relies on the order of triggers, which SQLite leaves open, and none on recursive_triggers.
 */
export function renderTriggers(source: TriggerSource): readonly TriggerText[] {
  return WHEN.flatMap((when) => {
    const body = BODIES[when](source);
    if (body.length === 0) return [];
    const name = triggerName(source.prefix, when, source.table.table.name);
    const event = when.replace('before_', '').toUpperCase();
    const time = when.startsWith('before') ? 'BEFORE' : 'AFTER';
    const sql = `CREATE TRIGGER ${quote(name)} ${time} ${event} ON ${source.names.table}${condition(source, when)} BEGIN\n${body.join('\n')}\nEND`;
    return [{ name, sql }];
  });
}
