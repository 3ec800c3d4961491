import { type TableName, tableId } from '../../model/table-name.ts';
import { TOPICS_DEFAULTS, type TopicFormat, type TopicsSpec } from '../../model/topics-spec.ts';
import type { CapturedTable } from '../ports/trigger-manager.ts';
import { topicName } from './topic-name.ts';

/** A text as wholeEvents has them: one byte of its UTF-8 in each letter. */
export const bytesAsText = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** What is the same in all messages of a table. */
export interface TopicTable {
  readonly id: string;
  readonly name: TableName;
  readonly topic: string;
  readonly keyed: boolean;
  /** Columns of its primary key; none where there is none. */
  readonly primaryKey: readonly string[];
  /** The key of a message is the primary key. */
  readonly keyIsPrimary: boolean;
  readonly recordTransaction: boolean;
  readonly format: TopicFormat;
  readonly cloudEvents: boolean;
  /** Schema, name and transfer as JSON strings, one byte in each letter. */
  readonly json: { readonly schema: string; readonly name: string; readonly transfer: string };
  readonly transfer: string;
}

const isKeyed = ({ spec, primaryKey }: CapturedTable): boolean =>
  spec.key === undefined || spec.key === 'primary' ? primaryKey.length > 0 : spec.key !== 'none';

/** @throws SluiceError config.invalid */
export function createTopicTable(captured: CapturedTable, spec: TopicsSpec, transfer: string): TopicTable {
  const { table } = captured;
  const json = (text: string): string => bytesAsText(JSON.stringify(text));
  return {
    id: tableId(table),
    name: table,
    topic: topicName(spec.name ?? TOPICS_DEFAULTS.name, table),
    keyed: isKeyed(captured),
    primaryKey: captured.primaryKey,
    keyIsPrimary: captured.spec.key === undefined || captured.spec.key === 'primary',
    recordTransaction: captured.spec.recordTransaction ?? false,
    format: spec.format ?? TOPICS_DEFAULTS.format,
    cloudEvents: spec.cloudEvents ?? TOPICS_DEFAULTS.cloudEvents,
    json: { schema: json(table.schema), name: json(table.name), transfer: json(transfer) },
    transfer,
  };
}
