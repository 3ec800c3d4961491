import { CHANGE_OPERATIONS, type ChangeEvent } from '../../model/change-event.ts';
import type { TopicTable } from './topic-table.ts';

/**
 * The JSON of MOVEX CDC, fields in this order:
 *
 *     {"id":17,"schema":"S","tablename":"T","operation":"UPDATE","dbuser":"U","timestamp":"2025-08-04T10:34:56.789456+00:00",
 *      "transaction_id":null,"old":{…},"new":{…}}
 *
 * `old` and `new` are the recorded texts as they are, and absent where the operation has no such row; a TRUNCATE has neither.
 * @param time  see renderTime
 */
export function renderMovex(event: ChangeEvent, table: TopicTable, time: string): string {
  const { schema, name } = table.json;
  const operation = CHANGE_OPERATIONS[event.operation].toUpperCase();
  const transaction = table.recordTransaction ? JSON.stringify(event.transaction) : 'null';
  const before = event.old === null ? '' : `,"old":${event.old}`;
  const after = event.new === null ? '' : `,"new":${event.new}`;
  return (
    `{"id":${event.id},"schema":${schema},"tablename":${name},"operation":"${operation}","dbuser":${JSON.stringify(event.user)}` +
    `,"timestamp":"${time}","transaction_id":${transaction}${before}${after}}`
  );
}
