import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Content,
  createPlace,
  PECULIAR,
  type Place,
  type Product,
  PRODUCTS,
  TABLES,
} from '../support/everything/places.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createRuns, type TransferRuns } from '../support/transfer-runs.ts';

const HUBS = ['nats', 'kafka'] as const;
const OTHER = { nats: 'kafka', kafka: 'nats' } as const;

const PAIRS = PRODUCTS.flatMap((source) => PRODUCTS.map((target) => ({ source, target })));

describeWith(
  ['postgres', 'mariadb', 'nats', 'kafka', 'temporal'],
  'every pair of databases through every hub',
  () => {
    const places = new Map<string, Place>();
    let runs: TransferRuns;

    const place = (name: string): Place => places.get(name) as Place;

    beforeAll(async () => {
      const wanted: (readonly [string, Product, Content])[] = [
        ...PRODUCTS.map((product) => [product, product, 'full'] as const),
        ...PAIRS.flatMap(({ source, target }) =>
          HUBS.flatMap((hub) => [
            [`${source}-${target}-${hub}`, target, 'empty'] as const,
            [`${source}-${target}-${hub}-back`, source, 'tables'] as const,
          ]),
        ),
      ];
      await Promise.all(
        wanted.map(async ([name, product, content]) => {
          places.set(name, await createPlace(product, content));
        }),
      );
      const spec = (from: string, to: string, hub: string, tables: TransferSpec['tables']) => ({
        source: from,
        hub,
        target: to,
        tables,
        read: { rowsPerRange: 700, blockBytes: 16_384 },
        completion: { verify: 'checksum' as const },
      });
      const transfers = PAIRS.flatMap(({ source, target }) =>
        HUBS.flatMap((hub) => {
          const there = `${source}-${target}-${hub}`;
          return [
            [
              there,
              spec(source, there, hub, {
                [place(source).pattern]: { columns: { policies: { '*': 'text' } } },
              }),
            ] as const,
            [
              `${there}-back`,
              spec(there, `${there}-back`, OTHER[hub], {
                [place(there).pattern]: {},
                ...(source !== target && { [`*.${PECULIAR}`]: false }),
              }),
            ] as const,
          ];
        }),
      );
      runs = await createRuns(
        {
          ...Object.fromEntries([...places].map(([name, { url }]) => [name, url])),
          nats: servers().natsUrl,
          kafka: servers().kafkaUrl,
        },
        Object.fromEntries(transfers),
      );
    });

    afterAll(async () => {
      await runs?.close();
      for (const each of places.values()) await each.drop();
    });

    const finished = (tables: ReadonlyMap<string, readonly string[]>) => ({
      phase: 'finished',
      rows: [...tables.values()].reduce((sum, rows) => sum + rows.length, 0),
      compared: tables.size,
      equal: tables.size,
    });

    test.for(PAIRS)('from $source to $target and back', async ({ source, target }) => {
      const original = new Map<string, readonly string[]>();
      for (const table of TABLES[source]) original.set(table, await place(source).rows(table));
      const comesBack = new Map(original);
      if (source !== target) comesBack.delete(PECULIAR);
      await Promise.all(
        HUBS.map(async (hub) => {
          const there = `${source}-${target}-${hub}`;
          expect(await runs.run(there), there).toMatchObject(finished(original));
          expect(await runs.run(`${there}-back`), `${there}-back`).toMatchObject(finished(comesBack));
          for (const [table, rows] of comesBack)
            expect(await place(`${there}-back`).rows(table), `${there}: ${table}`).toEqual(rows);
        }),
      );
    });
  },
);
