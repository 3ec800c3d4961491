import { qualified, quote } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-tables.ts';
import type { Edge, Route } from './cascades.ts';
import {
  renderExpressions,
  renderInsertEvent,
  renderKeyExpression,
  renderLost,
  renderMessageKey,
  renderPayload,
  renderSameRow,
} from './render-event.ts';
import type { Subject } from './subject.ts';
import { onRow, type RowOf, rowNamed } from './user-sql.ts';

/** Subjects by the ids of their tables. */
export type Subjects = ReadonlyMap<string, Subject>;

const matches = ({ columns, references }: Edge, child: RowOf, parent: RowOf): string =>
  `(${columns.map((column, at) => `${child(column)} = ${parent(references[at] ?? '')}`).join(' AND ')})`;

/** What a cascade does to a row of a child. */
interface Change {
  /** The rows, as FROM and WHERE. */
  readonly rows: string;
  readonly old: RowOf;
  /** Null: it is deleted. */
  readonly now: RowOf | null;
}

const passes = (subject: Subject, row: RowOf): string =>
  subject.where === null ? 'TRUE' : `${onRow(subject.where, subject.all, row)} IS TRUE`;

const keyOf = (subject: Subject, row: RowOf): string =>
  renderMessageKey(subject, row, renderKeyExpression(subject, row));
const payloadOf = (subject: Subject, row: RowOf): string =>
  renderPayload(subject, row, renderExpressions(subject, row));

/** SQL of what is recorded: U, I, D, or K for another key; NULL for nothing. */
function renderOperation(subject: Subject, { old, now }: Change): string {
  const wasIn = passes(subject, old);
  if (now === null) return `IF(${wasIn}, 'D', NULL)`;
  const isIn = passes(subject, now);
  return `CASE WHEN ${renderSameRow(subject.watched, old, now)} THEN NULL WHEN ${wasIn} AND ${isIn} THEN IF(${renderSameRow(subject.key, old, now)}, 'U', 'K') WHEN ${isIn} THEN 'I' WHEN ${wasIn} THEN 'D' END`;
}

/**
 * Records the rows of one child, one by one: a statement that inserts several events would lock the ids of all others. The rows are
 * locked as the cascade itself locks them a moment later; whatever is behind an older snapshot is seen. A table that is gone has none.
 */
function renderRows(names: CaptureNames, subject: Subject, change: Change): string {
  const { old, now, rows } = change;
  const before = { key: 'sluice_old_key', old: 'sluice_old', new: 'NULL' };
  const after = { key: 'sluice_new_key', old: 'NULL', new: 'sluice_new' };
  const event = (operation: string, cells: typeof before): string =>
    renderInsertEvent(names, subject.number, { operation: `'${operation}'`, ...cells });
  const selected = [
    renderOperation(subject, change),
    keyOf(subject, old),
    payloadOf(subject, old),
    ...(now === null ? ['NULL', 'NULL'] : [keyOf(subject, now), payloadOf(subject, now)]),
  ];
  return `BEGIN
DECLARE sluice_is_done boolean DEFAULT FALSE;
DECLARE sluice_operation char(1) CHARACTER SET utf8mb4;
DECLARE sluice_old_key, sluice_old, sluice_new_key, sluice_new longtext CHARACTER SET utf8mb4;
DECLARE sluice_rows CURSOR FOR SELECT ${selected.join(',\n')}
${rows} LOCK IN SHARE MODE;
DECLARE CONTINUE HANDLER FOR NOT FOUND SET sluice_is_done = TRUE;
DECLARE EXIT HANDLER FOR 1146 BEGIN END;
${renderLost(names, subject.number, now === null ? 'D' : 'U')}
OPEN sluice_rows;
REPEAT
FETCH sluice_rows INTO sluice_operation, sluice_old_key, sluice_old, sluice_new_key, sluice_new;
IF NOT sluice_is_done THEN
IF sluice_operation IN ('D', 'K') THEN ${event('D', before)} END IF;
IF sluice_operation IN ('I', 'K') THEN ${event('I', after)} END IF;
IF sluice_operation = 'U' THEN ${event('U', { ...after, old: 'sluice_old' })} END IF;
END IF;
UNTIL sluice_is_done END REPEAT;
CLOSE sluice_rows;
END;`;
}

/** FROM and WHERE of the rows at the end of a route, each table under an alias of its own. */
function rowsOf({ path, last }: Route, subjects: Subjects, root: RowOf) {
  const nameOf = (id: string): string => qualified(subjects.get(id)?.table ?? { schema: '', name: id });
  const aliases = path.map((_, at) => `sluice_${at + 1}`);
  const end = rowNamed('sluice_end');
  const rowAt = (at: number): RowOf => (at < 0 ? root : rowNamed(aliases[at] ?? ''));
  const parent = rowAt(path.length - 1);
  const tables = [
    ...path.map((edge, at) => `${nameOf(edge.child)} AS ${quote(aliases[at] ?? '')}`),
    `${nameOf(last[0]?.child ?? '')} AS sluice_end`,
  ];
  const conditions = [
    ...path.map((edge, at) => matches(edge, rowAt(at), rowAt(at - 1))),
    `(${last.map((edge) => matches(edge, end, parent)).join(' OR ')})`,
  ];
  return { rows: `FROM ${tables.join(', ')} WHERE ${conditions.join(' AND ')}`, end, parent };
}

const childOf = ({ last }: Route, subjects: Subjects): Subject | undefined =>
  subjects.get(last[0]?.child ?? '');

/** Rows that are deleted with the row that OLD is. */
export function renderDeleted(names: CaptureNames, route: Route, subjects: Subjects): string {
  const subject = childOf(route, subjects);
  if (!subject?.operations.includes('delete')) return '';
  const { rows, end } = rowsOf(route, subjects, rowNamed('OLD'));
  return renderRows(names, subject, { rows, old: end, now: null });
}

/** Rows whose columns become NULL with the row that OLD is. */
export function renderNulled(names: CaptureNames, route: Route, subjects: Subjects): string {
  const subject = childOf(route, subjects);
  if (!subject?.operations.includes('update')) return '';
  const { rows, end, parent } = rowsOf(route, subjects, rowNamed('OLD'));
  const now: RowOf = (column) => {
    const edges = route.last.filter(({ columns }) => columns.includes(column));
    if (edges.length === 0) return end(column);
    if (edges.length === route.last.length) return 'NULL';
    return `IF(${edges.map((edge) => matches(edge, end, parent)).join(' OR ')}, NULL, ${end(column)})`;
  };
  return renderRows(names, subject, { rows, old: end, now });
}

/** Rows whose columns followed, behind the update: by then nothing but they can refer to the new values. */
export function renderUpdated(names: CaptureNames, route: Route, subjects: Subjects): string {
  const subject = childOf(route, subjects);
  if (!subject?.operations.includes('update')) return '';
  const [before, after] = [rowNamed('OLD'), rowNamed('NEW')];
  const { rows, end } = rowsOf(route, subjects, after);
  const old: RowOf = (column) => {
    const edges = route.last.filter(({ columns }) => columns.includes(column));
    return edges.reduce(
      (sql, edge) =>
        `IF(${matches(edge, end, after)}, ${before(edge.references[edge.columns.indexOf(column)] ?? '')}, ${sql})`,
      end(column),
    );
  };
  const changed = route.last
    .flatMap(({ references }) => references)
    .map(
      (column) =>
        `NOT (${before(column)} <=> ${after(column)} AND CAST(${before(column)} AS BINARY) <=> CAST(${after(column)} AS BINARY))`,
    );
  return `IF ${[...new Set(changed)].join(' OR ')} THEN
${renderRows(names, subject, { rows, old, now: end })}
END IF;`;
}
