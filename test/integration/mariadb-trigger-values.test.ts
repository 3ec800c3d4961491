import { afterEach, expect, test } from 'vitest';
import { mysql } from '../../src/databases/mysql/dialect.ts';
import { quote } from '../../src/databases/mysql/sql/names.ts';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { capturedTypes } from '../../src/engine/changes/captured-types.ts';
import { netChanges } from '../../src/engine/changes/net-change.ts';
import { rawEvents } from '../../src/engine/changes/parse-events.ts';
import { computeTablePlan } from '../../src/engine/planning/compute-table-plan.ts';
import type { Dialect } from '../../src/engine/ports/dialect.ts';
import type { ChangeEvent } from '../../src/model/change-event.ts';
import type { ChangedTable } from '../../src/model/changes-plan.ts';
import { eventsOf, LANE, textOf, sealAll, TRANSFER } from '../contract/changes-steps.ts';
import { never } from '../contract/test-tables.ts';
import { eventRows, type TestChange } from '../support/changes.ts';
import { type MariadbChanges, mariadbChanges } from '../support/mariadb-changes.ts';
import type { Product } from '../support/mariadb-harness.ts';
import { describeProducts } from '../support/describe-products.ts';
import { MARIADB_SAMPLES } from '../support/types/mariadb-samples.ts';
import {
  createTable,
  drawSamples,
  insertSamples,
  readLines,
  type SampledProduct,
} from '../support/types/round-trip.ts';
import type { TypeSamples } from '../support/types/samples.ts';

let source: MariadbChanges;
afterEach(() => source?.drop());

const OF_MARIADB = new Set(['uuid', 'inet4', 'inet6']);

/** The longest time of MySQL has no fraction, and the numbers of its JSON are doubles. */
const isOfBoth = (text: string): boolean => !text.includes('838:59:59.') && text !== '1e999';

const OF_MYSQL = MARIADB_SAMPLES.filter(({ type }) => !OF_MARIADB.has(type)).map(
  (each): TypeSamples =>
    /^(time|json)/.test(each.type)
      ? {
          ...each,
          edges: each.edges.filter(isOfBoth),
          ...(each.any && { any: each.any.filter(isOfBoth) }),
        }
      : each,
);

const sampled = (product: Product) => ({
  title: product,
  samples: product === 'mariadb' ? MARIADB_SAMPLES : OF_MYSQL,
  place: () => Promise.reject(new Error('not asked for')),
  quote,
  before: 'SELECT 1',
});

/** Everything that a session can have other than we do. */
const HOSTILE = `SET NAMES latin1; SET SESSION time_zone = '+05:30', sql_mode = 'ANSI,STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,NO_ZERO_DATE,NO_ZERO_IN_DATE',
  lc_time_names = 'de_DE', div_precision_increment = 0, collation_connection = 'latin1_german2_ci', lc_messages = 'de_DE'`;

/** The table as its rows would go to another product, or to the same. */
async function changedTable(
  to: Dialect,
  { samples }: Pick<SampledProduct, 'samples'>,
): Promise<ChangedTable> {
  const [table] = await source.database.introspector.describeTables(
    [{ schema: source.place.name, name: 't' }],
    never(),
  );
  // Recorded as texts, which the same product does not take for them.
  const geometries = samples.flatMap(({ type }, at) => (type === 'geometry' ? [`c${at}`] : []));
  const natives = samples.flatMap(({ native }, at) =>
    native && to !== mysql && table!.columns.some(({ name }) => name === `c${at}`) ? [`c${at}`] : [],
  );
  const plan = computeTablePlan({
    spec: { source: 'a', hub: 'h', target: 'b', tables: {}, read: { encoding: 'text-rows' } },
    selection: {
      columns: {
        policies: Object.fromEntries(natives.map((name) => [name, 'text' as const])),
        exclude: to === mysql ? geometries : [],
      },
    },
    ordinal: 1,
    source: { dialect: mysql, table: table! },
    target: { dialect: to, name: { schema: 'public', name: 't' }, table: null },
  });
  const planned = { ...plan, targetKey: ['id'] };
  return { number: 1, plan: planned, parents: [], ...capturedTypes(mysql, table!, planned) };
}

/** Rows of payloads as they would be written, by their ids. */
async function rowsOf(table: ChangedTable, changes: readonly TestChange[]): Promise<Map<string, string>> {
  const rows = new Map<string, string>();
  for (const change of changes) {
    const net = await netChanges({ tables: [table] }, rawEvents(eventRows([change])));
    const line = net.changes[0]!.written[0]!.block.data.toString('latin1');
    rows.set(line.slice(0, line.indexOf('\t')), line);
  }
  return rows;
}

describeProducts('values that triggers record', (product) => {
  const PRODUCT = sampled(product);
  const seed = Number(process.env['SLUICE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

  test.each([
    ['another product', postgresql],
    ['the same product', mysql],
  ] as const)('are what a snapshot reads of them for %s, whatever the session is set to', async (_, to) => {
    source = await mariadbChanges(product);
    const samples = drawSamples(PRODUCT, seed);
    await source.execute(`${createTable(PRODUCT)}; ALTER TABLE t ADD touched int`);
    await source.deploy({ t: {} });
    const { number } = (await source.triggers.captured(never()))[0]!;
    await source.changes.register(TRANSFER, [{ lane: 1, tables: [number] }], never());
    const lease = await source.changes.lease(LANE, never());
    const table = await changedTable(to, PRODUCT);

    await source.execute(insertSamples(PRODUCT, samples));
    const before = await readLines(source.database, table.plan, samples.length, new Map());
    const writer = await source.writer();
    await writer.execute(`${HOSTILE}; UPDATE t SET touched = 1`);
    const after = await readLines(source.database, table.plan, samples.length, new Map());
    await writer.execute('DELETE FROM t');

    const events: ChangeEvent[] = [];
    for (const claim of await sealAll(source.changes, lease))
      events.push(...eventsOf(await textOf(source.changes, lease, { claim })));
    const payloads = async (operation: string, which: 'old' | 'new') =>
      rowsOf(
        table,
        events
          .filter((event) => event.operation === operation)
          .map((event) => ({ table: 1, operation: 'I', new: event[which] })),
      );
    const wrong: unknown[] = [];
    for (const [operation, which, lines] of [
      ['I', 'new', before],
      ['U', 'old', before],
      ['U', 'new', after],
      ['D', 'old', after],
    ] as const) {
      const rows = await payloads(operation, which);
      expect(rows.size).toBe(samples.length);
      for (const { id, type, text } of samples) {
        const line = lines.get(id)?.toString('latin1');
        const row = rows.get(String(id));
        if (row !== line) wrong.push({ operation, which, type, text: text.slice(0, 60), row, line });
      }
    }
    expect(wrong, `with SLUICE_TEST_SEED=${seed}`).toEqual([]);
  });

  test('that stand for another form in the same product are refused when they are planned', async () => {
    source = await mariadbChanges(product);
    await source.execute('CREATE TABLE t (id int PRIMARY KEY, place geometry)');
    const [table] = await source.database.introspector.describeTables(
      [{ schema: source.place.name, name: 't' }],
      never(),
    );
    const plan = computeTablePlan({
      spec: { source: 'a', hub: 'h', target: 'b', tables: {} },
      selection: {},
      ordinal: 1,
      source: { dialect: mysql, table: table! },
      target: { dialect: mysql, name: { schema: 'there', name: 't' }, table: null },
    });
    expect(() => capturedTypes(mysql, table!, plan)).toThrow(
      expect.objectContaining({
        code: 'capture.table_unsupported',
        details: expect.objectContaining({ column: 'place' }),
      }),
    );
  });

  test('that are too large are refused by who reads them, and deleted all the same', async () => {
    source = await mariadbChanges(product);
    await source.execute('CREATE TABLE t (id bigint PRIMARY KEY, v longblob, w int)');
    await source.deploy({ t: {} });
    const table = await changedTable(postgresql, PRODUCT);
    await source.execute(`INSERT INTO t VALUES (1, REPEAT('x', @@max_allowed_packet / 2), 5); DELETE FROM t`);
    const [made, gone] = (await source.query('SELECT new_row, old_row FROM sluice_event_logs ORDER BY id'))
      .flat()
      .filter((cell) => cell !== null);
    await expect(rowsOf(table, [{ table: 1, operation: 'I', new: made! }])).rejects.toMatchObject({
      code: 'source.value_rejected',
    });
    const lost = rowsOf(table, [{ table: 1, operation: 'I', new: '{"sluice": "not recorded"}' }]);
    await expect(lost).rejects.toMatchObject({ code: 'source.value_rejected' });
    const net = await netChanges(
      { tables: [table] },
      rawEvents(eventRows([{ table: 1, operation: 'D', old: gone! }])),
    );
    expect(net.changes[0]!.removed.data.toString()).toBe('1\n');
  });
});
