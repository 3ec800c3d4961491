import type { ChangeEvent, ChangeLetter } from '../../model/change-event.ts';
import { microseconds } from './event-time.ts';
import type { TopicTable } from './topic-table.ts';

const OPS: Readonly<Record<ChangeLetter, string>> = { I: 'c', U: 'u', D: 'd', T: 't', i: 'r' };
/** Of the fields below `source`. */
const VERSION = '1';

const milliseconds = (time: string): string => microseconds(time).slice(0, -3);

/**
 * The envelope of Debezium without its schema. `source.sequence` holds the id of the event, by which repeats are told; times are those of
 * the change. `txId` is there where the table records transactions.
 * @see https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-change-events-value
 */
export function renderDebezium(event: ChangeEvent, table: TopicTable, time: string): string {
  const { schema, name, transfer } = table.json;
  const transaction = table.recordTransaction ? JSON.stringify(event.transaction) : 'null';
  const ms = milliseconds(time);
  return (
    `{"before":${event.old ?? 'null'},"after":${event.new ?? 'null'},"source":{"version":"${VERSION}","connector":"sluice","name":${transfer}` +
    `,"ts_ms":${ms},"snapshot":"${event.operation === 'i'}","db":"","sequence":"[\\"${event.id}\\"]","schema":${schema},"table":${name}` +
    `,"txId":${transaction},"lsn":null},"op":"${OPS[event.operation]}","ts_ms":${ms}}`
  );
}
