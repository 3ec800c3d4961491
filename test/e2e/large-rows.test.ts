import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { digestSql, ordersSql } from '../support/orders.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

const MEBIBYTE = 1024 * 1024;

/** Random bytes, so that nothing on the way makes them fewer. */
const blob = (bytes: number): string =>
  `(SELECT string_agg(sha512((i || 'x')::bytea), '') FROM generate_series(1, ${Math.ceil(bytes / 64)}) AS i)`;
const table = (name: string, bytes: number): string =>
  `CREATE TABLE ${name} (id integer PRIMARY KEY, data bytea);
   INSERT INTO ${name} SELECT i, 'small' FROM generate_series(1, 20) AS i;
   UPDATE ${name} SET data = ${blob(bytes)} WHERE id = 7;
   INSERT INTO ${name} VALUES (21, ${blob(bytes)})`;

const spec = (creditBytes: number) =>
  ({
    tables: { 'public.*': {} },
    read: { creditBytes, rowsPerRange: 1_000 },
    completion: { verify: 'checksum', gracePeriod: '1s' },
  }) as const;

describeWith(
  ['postgres', 'nats', 'temporal'],
  'rows that are larger than the credit of their transfer',
  () => {
    let source: TestDatabase;
    let target: TestDatabase;
    let world: TransferWorld;
    const expectEqual = async (name: string) =>
      expect(await target.cell(digestSql(name))).toBe(await source.cell(digestSql(name)));

    beforeAll(async () => {
      [source, target] = await Promise.all(
        [1, 2].map(() => createPostgresDatabase(servers().postgresUrl)) as [
          Promise<TestDatabase>,
          Promise<TestDatabase>,
        ],
      );
      // The stream has four times the credit, and the blobs travel as they are: 3 MiB fit into 4 MiB, 6 MiB do not.
      await source.query(`${table('fits', 3 * MEBIBYTE)}; ${table('too_large', 6 * MEBIBYTE)}`);
      await source.query(ordersSql(20_000));
      world = await createWorld({ source: source.url, target: target.url, spec: spec(MEBIBYTE) });
    });

    afterAll(async () => {
      await world?.close();
      await source?.drop();
      await target?.drop();
    });

    test('arrive when they fit into the stream of the hub; a table with a larger one is blocked, with what mends it', async () => {
      const worker = world.worker();
      await world.start();
      await world.eventually('the others are finished', async () => {
        const { byStatus } = (await world.status()).tables;
        return byStatus.finished === 2 && byStatus.blocked === 1;
      });
      const [blocked] = (await world.tables()).tables.filter(({ status }) => status === 'blocked');
      expect(blocked).toMatchObject({
        table: 'public.too_large',
        error: {
          code: 'source.row_too_large',
          suggestion: expect.stringMatching(/^set read\.creditBytes to 2097152 or more/),
        },
      });
      await expectEqual('fits');
      await expectEqual('orders');
      await worker.stop();
    });

    test('arrive after the credit was raised as the error says', async () => {
      await world.handle.terminate('started again with more credit');
      await world.rewrite(spec(2 * MEBIBYTE));
      world.worker();
      await world.start();
      expect(await world.result()).toMatchObject({ phase: 'finished', run: 1, compared: 3, equal: 3 });
      await expectEqual('too_large');
    });
  },
);
