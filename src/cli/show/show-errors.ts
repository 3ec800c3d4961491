import type { ParkedEvent, ParkedPayload } from '../../model/quarantine.ts';
import { type Column, formatColumns, safeText } from './columns.ts';

const COLUMNS: readonly Column[] = [
  { title: 'EVENT', right: true },
  { title: 'TABLE' },
  { title: 'OPERATION' },
  { title: 'KEY' },
  { title: 'STATE' },
  { title: 'TRIES', right: true },
  { title: 'NEXT TRY' },
  { title: 'WHY' },
];

const seconds = (moment: string): string => moment.replace(/\.\d+/, '');

const whyOf = ({ code, message }: ParkedEvent): string =>
  code === '' ? '' : message === '' ? code : `${code}: ${message}`;

/** Changes that are set apart, in their order. */
export const showErrors = (events: readonly ParkedEvent[]): string =>
  events.length === 0
    ? 'no change is set apart'
    : formatColumns(
        COLUMNS,
        events.map((event) => [
          event.event,
          event.table,
          event.operation,
          event.key,
          event.state,
          String(event.attempts),
          event.retryAt === null ? '-' : seconds(event.retryAt),
          whyOf(event),
        ]),
      );

/** One of them, with what it says of its row. */
export const showError = (event: ParkedPayload): string =>
  [
    `event      ${event.event} of claim ${event.claim}, lane ${event.lane}`,
    `table      ${event.table}`,
    `operation  ${event.operation}`,
    `key        ${event.key === '' ? 'of the whole table' : event.key}`,
    `state      ${event.state}, tried ${event.attempts} times${event.retryAt === null ? '' : `, next at ${seconds(event.retryAt)}`}`,
    `set apart  ${seconds(event.parkedAt)}`,
    ...(event.code === '' ? [] : [`why        ${whyOf(event)}`]),
    ...(event.old === null ? [] : [`old        ${event.old}`]),
    ...(event.new === null ? [] : [`new        ${event.new}`]),
  ]
    .map(safeText)
    .join('\n');
