import type { LoadColumn } from '../../../../engine/capture/loads/load-columns.ts';
import type { LoadPosition } from '../../../../engine/capture/loads/stored-load.ts';
import { qualified } from '../../sql.ts';
import { held, released } from '../triggers/texts/json-of.ts';
import { declarations } from '../triggers/texts/row-bodies.ts';
import {
  computed,
  condition,
  inserted,
  notRecorded,
  unset,
  when,
  writtenOr,
} from '../triggers/texts/row-records.ts';
import { indented, isTrue, renderEvent, type Subject, tableItself } from '../triggers/texts/subject.ts';
import { renderOrder, renderPosition, renderWithin } from './load-position.ts';

/** Where the block below leaves the number of its events, for as long as the transaction lasts. */
export const COUNT_SETTING = 'sluice.loaded';

export interface ChunkOf {
  readonly subject: Subject;
  readonly columns: readonly LoadColumn[];
  readonly where: string | null;
}

export interface ChunkBounds {
  readonly after: LoadPosition | null;
  readonly upto: LoadPosition | null;
}

const whereOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `\n  WHERE ${conditions.join(' AND ')}`;

/** The position of the last of so many rows behind another position; no row where there are fewer. */
export const renderBound = (
  { subject, columns }: ChunkOf,
  after: LoadPosition | null,
  rows: number,
): string =>
  `SELECT ${renderPosition(columns)} FROM ${tableItself(subject)} AS n${whereOf(renderWithin(columns, after, null))}
  ORDER BY ${renderOrder(columns)} OFFSET ${Math.max(1, rows) - 1} LIMIT 1`;

/**
 * Rows of a chunk as the trigger of an insertion would write them, each locked before its event draws an id. FOR SHARE: whoever
 * changes the row waits until the transaction ends, and his event comes behind. What was changed and committed since the statement
 * began is read as it is now, and looked at again whether it belongs here.
 *
 * No function of ours stands in the source for it, so that it may be run by who has no right to make one.
 */
export function renderChunk(
  { subject: wanted, columns, where }: ChunkOf,
  { after, upto }: ChunkBounds,
): string {
  const subject = JSON.parse(JSON.stringify(wanted), (_, value: unknown) =>
    typeof value === 'string' ? held(value) : value,
  ) as Subject;
  const rows = [
    `SELECT * FROM ${tableItself(subject)} AS n${held(
      whereOf([...renderWithin(columns, after, upto), ...(where === null ? [] : [isTrue(where)])]),
    )}`,
    `  ORDER BY ${held(renderOrder(columns))} FOR SHARE OF n NOWAIT`,
  ].join('\n');
  const record = [
    ...(subject.where === null ? [] : [condition(subject, 'NEW'), when('NOT sluice.new_is_in', 'CONTINUE;')]),
    'sluice.loaded := sluice.loaded OPERATOR(pg_catalog.+) 1;',
    ...unset(subject),
    ...computed(subject, 'NEW'),
    writtenOr(subject, ['NEW'], [notRecorded(subject, 'i'), 'CONTINUE;']),
    renderEvent(subject, { ...inserted(subject), operation: 'i' }),
  ];
  const body = [
    '',
    '#variable_conflict use_column',
    '<<sluice>>',
    'DECLARE',
    ...[`new ${qualified(subject.table)};`, 'loaded bigint := 0;', ...declarations(subject)].map((line) =>
      indented(line),
    ),
    'BEGIN',
    indented(`FOR new IN ${rows} LOOP`),
    ...record.map((line) => indented(line, 4)),
    '  END LOOP;',
    `  PERFORM pg_catalog.set_config('${COUNT_SETTING}', sluice.loaded::pg_catalog.text, true);`,
    'END',
    '',
  ].join('\n');
  let tag = '$load$';
  while (body.includes(tag)) tag = `${tag.slice(0, -1)}x$`;
  return released(`DO ${tag}${body}${tag}`);
}
