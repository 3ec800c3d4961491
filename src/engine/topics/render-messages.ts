import { CHANGE_OPERATIONS, type ChangeEvent } from '../../model/change-event.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { MessageHeader, TopicMessage } from '../ports/topic-sink.ts';
import { renderTime } from './event-time.ts';
import { renderDebezium } from './render-debezium.ts';
import { renderMovex } from './render-movex.ts';
import type { TopicTable } from './topic-table.ts';

/** A truncation has no key, and a topic with keys takes no message without one: that of no row. */
const NO_ROW = '{}';
const NO_HEADERS: readonly MessageHeader[] = [];

/** Attributes of a CloudEvent in the binary mode of its Kafka binding, and those of MOVEX beside them. */
function cloudEventHeaders(event: ChangeEvent, table: TopicTable, time: string): readonly MessageHeader[] {
  const operation = CHANGE_OPERATIONS[event.operation].toUpperCase();
  return [
    { name: 'ce_id', value: event.id },
    { name: 'ce_source', value: `/sluice/${encodeURIComponent(table.transfer)}` },
    { name: 'ce_specversion', value: '1.0' },
    { name: 'ce_type', value: `sluice.change.${operation.toLowerCase()}` },
    { name: 'ce_time', value: time },
    { name: 'ce_datacontenttype', value: 'application/json' },
    { name: 'ce_schema', value: table.name.schema },
    { name: 'ce_tablename', value: table.name.name },
    { name: 'ce_operation', value: operation },
  ];
}

/** What a trigger records in place of a value that it must not write: never part of a text, whose quotes are escaped. */
const LEFT_OUT = '{"sluice": "too large"}';

/** @throws SluiceError hub.message_too_large */
function checkWhole({ id, old, new: after }: ChangeEvent, table: TopicTable): void {
  if (!(old?.includes(LEFT_OUT) || after?.includes(LEFT_OUT))) return;
  const message = `event ${id} of ${table.id} has a value that is larger than what is recorded`;
  throw new SluiceError('hub.message_too_large', message, { where: table.topic, table: table.id });
}

/** An event of wholeEvents as a message of its table's topic. @throws SluiceError hub.message_too_large, source.value_rejected */
export function renderMessage(event: ChangeEvent, table: TopicTable): TopicMessage {
  checkWhole(event, table);
  const time = renderTime(event.at);
  const value =
    table.format === 'movex' ? renderMovex(event, table, time) : renderDebezium(event, table, time);
  const key = event.key ?? (table.keyed && event.operation === 'T' ? NO_ROW : null);
  return {
    eventId: event.id,
    table: table.id,
    operation: event.operation,
    topic: table.topic,
    key: key === null ? null : Buffer.from(key, 'latin1'),
    value: Buffer.from(value, 'latin1'),
    headers: table.cloudEvents ? cloudEventHeaders(event, table, time) : NO_HEADERS,
  };
}
