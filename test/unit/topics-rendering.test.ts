import { expect, test } from 'vitest';
import type { CapturedTableSpec } from '../../src/model/capture-spec.ts';
import type { TopicsSpec } from '../../src/model/topics-spec.ts';
import { wholeEvents } from '../../src/engine/changes/parse-events.ts';
import { renderMessage } from '../../src/engine/topics/render-messages.ts';
import { createTopicTable } from '../../src/engine/topics/topic-table.ts';

const table = (topics: TopicsSpec = {}, spec: CapturedTableSpec = {}) =>
  createTopicTable(
    {
      number: 3,
      table: { schema: 'EINKAUF', name: 'HÜGO "x"' },
      columns: ['ID', 'NAME'],
      primaryKey: ['ID'],
      spec,
      intact: true,
    },
    topics,
    'orders',
  );

const row = (...cells: readonly string[]): string => `${cells.join('\t')}\n`;
const UPDATE = row(
  '9007199254740993',
  '3',
  'U',
  '4711',
  '2025-08-04 10:34:56.789+00',
  'MEY"ER',
  '{"ID": 1}',
  String.raw`{"ID": 1.10, "NAME": "Re\\"cord\\n1 é", "NULL_VAL": null}`,
  String.raw`{"ID": 123456789012345678901234567890.10, "NAME": "R\\u00e9cord2", "NULL_VAL": null}`,
);
const INSERT = row('18', '3', 'I', '4712', '2025-08-04 10:34:56+00', 'U', '{"ID": 2}', '\\N', '{"ID": 2}');
const DELETE = row(
  '19',
  '3',
  'D',
  '4713',
  '2025-08-04 10:34:56.000001+00',
  'U',
  '{"ID": 2}',
  '{"ID": 2}',
  '\\N',
);
const TRUNCATE = row('20', '3', 'T', '4714', '2025-08-04 10:34:56+00', 'U', '\\N', '\\N', '\\N');

const render = (rows: string, ...given: Parameters<typeof table>) =>
  [...wholeEvents(Buffer.from(rows))].map((event) => renderMessage(event, table(...given)));
const values = (rows: string, ...given: Parameters<typeof table>): readonly string[] =>
  render(rows, ...given).map(({ value }) => value.toString('utf8'));

test('MOVEX has its fields in their order, every digit of its numbers, and its texts as they were recorded', () => {
  expect(values(UPDATE)).toEqual([
    String.raw`{"id":9007199254740993,"schema":"EINKAUF","tablename":"HÜGO \"x\"","operation":"UPDATE","dbuser":"MEY\"ER","timestamp":"2025-08-04T10:34:56.789000+00:00","transaction_id":null,"old":{"ID": 1.10, "NAME": "Re\"cord\n1 é", "NULL_VAL": null},"new":{"ID": 123456789012345678901234567890.10, "NAME": "R\u00e9cord2", "NULL_VAL": null}}`,
  ]);
});

test('an insert has no old row, a delete no new one, a truncation neither', () => {
  expect(values(INSERT + DELETE + TRUNCATE)).toEqual([
    String.raw`{"id":18,"schema":"EINKAUF","tablename":"HÜGO \"x\"","operation":"INSERT","dbuser":"U","timestamp":"2025-08-04T10:34:56.000000+00:00","transaction_id":null,"new":{"ID": 2}}`,
    String.raw`{"id":19,"schema":"EINKAUF","tablename":"HÜGO \"x\"","operation":"DELETE","dbuser":"U","timestamp":"2025-08-04T10:34:56.000001+00:00","transaction_id":null,"old":{"ID": 2}}`,
    String.raw`{"id":20,"schema":"EINKAUF","tablename":"HÜGO \"x\"","operation":"TRUNCATE","dbuser":"U","timestamp":"2025-08-04T10:34:56.000000+00:00","transaction_id":null}`,
  ]);
});

test('the transaction is named where the table records it', () => {
  expect(values(INSERT, {}, { recordTransaction: true })[0]).toContain('"transaction_id":"4712"');
});

test('the envelope of Debezium has both rows, its letters of operations, and milliseconds', () => {
  const [insert, , truncate] = values(INSERT + DELETE + TRUNCATE, { format: 'debezium' });
  expect(insert).toBe(
    String.raw`{"before":null,"after":{"ID": 2},"source":{"version":"1","connector":"sluice","name":"orders","ts_ms":1754303696000,"snapshot":"false","db":"","sequence":"[\"18\"]","schema":"EINKAUF","table":"HÜGO \"x\"","txId":null,"lsn":null},"op":"c","ts_ms":1754303696000}`,
  );
  expect(truncate).toContain('"op":"t"');
});

test('a message of a table with a key has one, a truncation that of no row', () => {
  expect(render(INSERT + TRUNCATE).map(({ key }) => key?.toString())).toEqual(['{"ID": 2}', '{}']);
  expect(render(TRUNCATE, {}, { key: 'none' }).map(({ key }) => key)).toEqual([null]);
});

test('a CloudEvent has its attributes as headers, and none without being asked for', () => {
  const [message] = render(INSERT, { cloudEvents: true });
  expect(Object.fromEntries(message?.headers.map(({ name, value }) => [name, value]) ?? [])).toEqual({
    ce_id: '18',
    ce_source: '/sluice/orders',
    ce_specversion: '1.0',
    ce_type: 'sluice.change.insert',
    ce_time: '2025-08-04T10:34:56.000000+00:00',
    ce_datacontenttype: 'application/json',
    ce_schema: 'EINKAUF',
    ce_tablename: 'HÜGO "x"',
    ce_operation: 'INSERT',
  });
  expect(render(INSERT)[0]?.headers).toEqual([]);
});

test('topics are named by schema and table, in letters that topics have', () => {
  expect(table().topic).toBe('cdc.EINKAUF.H_GO__x_');
  expect(table({ name: 'all' }).topic).toBe('all');
  expect(() => table({ name: `${'x'.repeat(245)}{table}` })).toThrow(/longer than 249/);
});

test('bytes that are no UTF-8 pass as they are', () => {
  const [before = '', after = ''] = INSERT.split('{"ID": 2}\n');
  const rows = Buffer.concat([
    Buffer.from(before),
    Buffer.from([0x22, 0xff, 0xc3, 0x28, 0x22]),
    Buffer.from(`\n${after}`),
  ]);
  const [message] = [...wholeEvents(rows)].map((event) => renderMessage(event, table()));
  expect(message?.value.includes(Buffer.from([0x22, 0xff, 0xc3, 0x28, 0x22]))).toBe(true);
});

test('a value that the trigger left out is told by table and event, without its row', () => {
  const rows = row(
    '21',
    '3',
    'I',
    '1',
    '2025-08-04 10:34:56+00',
    'U',
    '{"ID": 2}',
    '\\N',
    '{"ID": 2, "B": {"sluice": "too large"}}',
  );
  expect(() => render(rows)).toThrow('event 21 of EINKAUF."HÜGO ""x""" has');
  const text = row(
    '21',
    '3',
    'I',
    '1',
    '2025-08-04 10:34:56+00',
    'U',
    '\\N',
    '\\N',
    String.raw`{"B": "{\\"sluice\\": \\"too large\\"}"}`,
  );
  expect(values(text)).toHaveLength(1);
});

test('what is no row of events waits for a person, as it does where changes are applied', () => {
  for (const rows of [
    '1\t2\n',
    INSERT.slice(0, -1),
    INSERT.replace('\tI\t', '\tX\t'),
    INSERT.replace('+00', ''),
  ])
    expect(() => render(rows)).toThrow(expect.objectContaining({ code: 'source.value_rejected' }) as Error);
});
