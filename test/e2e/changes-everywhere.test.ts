import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TriggerPlan } from '../../src/engine/ports/trigger-manager.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import {
  createPlace,
  PECULIAR,
  type Place,
  type Product,
  PRODUCTS,
  TABLES,
} from '../support/everything/places.ts';
import { openTestTopics, type TestTopics } from '../support/kafka-topics.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createRuns, type TransferRuns } from '../support/transfer-runs.ts';

const WAYS: readonly (readonly [Product, Product])[] = [
  ['postgresql', 'mariadb'],
  ['postgresql', 'sqlite'],
  ['mariadb', 'mariadb'],
  ['mariadb', 'postgresql'],
  ['sqlite', 'sqlite'],
  ['sqlite', 'postgresql'],
];
const TO_TOPICS: readonly Product[] = ['mariadb', 'sqlite'];

/** A text of them has more than a megabyte: what a topic does not take is set apart. */
const LARGE = { 'max.message.bytes': '8000000' };

/** Whatever type a value has: it is inserted, found before and after an update, and deleted. */
const CHANGES = [
  'UPDATE everything SET short = NULL',
  "UPDATE everything SET short = 'x' WHERE id > 1",
  'DELETE FROM everything WHERE id = 2',
  'UPDATE customers SET referred_by = NULL WHERE id < 100',
  'UPDATE customers SET id = id + 1000 WHERE id < 50',
  'DELETE FROM purchases WHERE customer_id < 400',
  "UPDATE shelves SET code = '#' WHERE amount = 7",
  'DELETE FROM nothing_in_it',
  // Without a key, and each row twice.
  "UPDATE events SET kind = NULL WHERE kind = 'kind 1'",
  "DELETE FROM events WHERE kind = 'kind 2'",
];

interface Movex {
  readonly id: number;
  readonly tablename: string;
  readonly operation: string;
  readonly new?: { readonly id: unknown };
}

describeWith(['postgres', 'mariadb', 'nats', 'kafka', 'temporal'], 'changes of values of every type', () => {
  const sources = new Map<Product, Place>();
  const targets = new Map<string, Place>();
  const topicOf = new Map<Product, string>();
  let topics: TestTopics;
  let runs: TransferRuns;

  const source = (product: Product): Place => sources.get(product) as Place;
  const wayOf = ([from, to]: readonly [Product, Product]): string => `${from}-${to}`;

  /** What of a source goes to another product: point is only what it is there. */
  const tablesOf = (from: Product, to: Product): TransferSpec['tables'] => ({
    [source(from).pattern]: from === to ? {} : { columns: { policies: { '*': 'text' } } },
    ...(from !== 'sqlite' && { [`*.${PECULIAR}`]: false }),
  });

  beforeAll(async () => {
    topics = await openTestTopics(servers().kafkaUrl.replace('kafka://', ''));
    await Promise.all([
      ...PRODUCTS.map(async (product) => sources.set(product, await createPlace(product, 'tables'))),
      ...WAYS.map(async (way) => targets.set(wayOf(way), await createPlace(way[1], 'empty'))),
    ]);
    // One after the other: of two at once the driver does not find the one that is not there yet.
    for (const product of TO_TOPICS) topicOf.set(product, await topics.create(LARGE, 1));
    const rows = WAYS.map(([from, to]): [string, TransferSpec] => [
      wayOf([from, to]),
      {
        source: `from-${from}`,
        hub: 'nats',
        target: wayOf([from, to]),
        mode: 'both',
        tables: tablesOf(from, to),
        read: { blockBytes: 16_384 },
        completion: { verify: 'checksum' },
      },
    ]);
    const events = TO_TOPICS.map((from): [string, TransferSpec] => [
      `${from}-topics`,
      {
        source: `from-${from}`,
        hub: 'kafka',
        target: 'kafka',
        mode: 'changes',
        tables: { [source(from).pattern]: {} },
        topics: { name: topicOf.get(from) ?? '' },
        changes: { until: 'caught-up' },
      },
    ]);
    runs = await createRuns(
      {
        ...Object.fromEntries(PRODUCTS.map((product) => [`from-${product}`, source(product).url])),
        ...Object.fromEntries([...targets].map(([name, { url }]) => [name, url])),
        nats: servers().natsUrl,
        kafka: servers().kafkaUrl,
      },
      Object.fromEntries([...rows, ...events]),
      Object.fromEntries(
        PRODUCTS.map((product) => [`from-${product}`, { tables: { [source(product).pattern]: {} } }]),
      ),
    );
  });

  afterAll(async () => {
    await runs?.close();
    await topics?.close();
    for (const each of [...sources.values(), ...targets.values()]) await each.drop();
  });

  const capture = async (product: Product, ...args: readonly string[]): Promise<string> => {
    const [command = '', ...more] = args;
    const ran = await runs.cli('capture', command, `from-${product}`, ...more);
    expect(ran, ran.stderr + ran.stdout).toMatchObject({ code: 0 });
    return ran.stdout;
  };

  /** Of all triggers of a plan. */
  const states = async (product: Product): Promise<readonly string[]> => {
    const { triggers } = JSON.parse(await capture(product, 'plan', '-o', 'json')) as TriggerPlan;
    return [...new Set(triggers.map(({ state }) => state))];
  };

  test.each(PRODUCTS)('of %s are captured by the commands', async (product) => {
    await capture(product, 'install');
    expect(await states(product)).toEqual(['new']);
    await capture(product, 'deploy');
    expect(await states(product)).toEqual(['unchanged']);
    const status = await capture(product, 'status');
    for (const table of ['everything', 'customers', 'shelves']) expect(status).toContain(table);
  });

  test('arrive as they are, from each product in each', async () => {
    // Known at their sources from now on.
    for (const product of TO_TOPICS) await runs.run(`${product}-topics`);
    for (const way of WAYS) await runs.start(wayOf(way));
    for (const way of WAYS) await runs.live(wayOf(way));
    for (const product of PRODUCTS) {
      await source(product).fill();
      for (const sql of CHANGES) await source(product).run(sql);
    }
    for (const way of WAYS) {
      const [from, to] = way;
      const tables = TABLES[from].filter((table) => table !== PECULIAR || from === 'sqlite');
      expect(await runs.cutOver(wayOf(way)), wayOf(way)).toMatchObject({
        phase: 'finished',
        equal: tables.length,
        skipped: 0,
      });
      if (from !== to) continue;
      for (const table of tables)
        expect(await targets.get(wayOf(way))?.rows(table), `${wayOf(way)}: ${table}`).toEqual(
          await source(from).rows(table),
        );
    }
  });

  test.each(TO_TOPICS)('of %s are in a topic, each once and in order', async (product) => {
    expect(await runs.run(`${product}-topics`)).toMatchObject({ phase: 'finished' });
    const events = (await topics.committed(topicOf.get(product) ?? '')).map(
      ({ value }) => JSON.parse(String(value)) as Movex,
    );
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    for (const table of TABLES[product]) {
      const own = events.filter(({ tablename }) => tablename === table);
      const ids = own.map(({ id }) => id);
      expect(ids, table).toEqual(ids.toSorted((one, other) => one - other));
      const left = own.reduce((rows, { operation }) => rows + ({ INSERT: 1, DELETE: -1 }[operation] ?? 0), 0);
      expect(left, table).toBe((await source(product).rows(table)).length);
    }
  });

  test.each(PRODUCTS)('of %s leave nothing behind when the capture is taken away', async (product) => {
    await capture(product, 'drop', '*', '--yes');
    await capture(product, 'uninstall', '--yes');
    expect(await capture(product, 'status')).toContain('nothing is installed');
    await source(product).run('DELETE FROM shelves');
  });
});
