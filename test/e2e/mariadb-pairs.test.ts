import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { digestSql, keylessSql, ordersSql, shelvesSql } from '../support/orders.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type WorldOptions } from '../support/transfer-world.ts';

const TABLES = ['orders', 'events', 'shelves'] as const;
const ROWS = 20_000;

describeWith(['postgres', 'mariadb', 'nats', 'temporal'], 'snapshot transfers with MariaDB', () => {
  let source: TestDatabase;
  let back: TestDatabase;
  let middle: MariadbPlace;
  let copy: MariadbPlace;

  const run = async (ends: Pick<WorldOptions, 'source' | 'target'>, pattern: string) => {
    const world = await createWorld({
      ...ends,
      spec: {
        tables: { [pattern]: {} },
        read: { rowsPerRange: 5_000, blockBytes: 65_536 },
        completion: { verify: 'checksum' },
      },
    });
    world.worker();
    try {
      await world.start();
      await world.eventually('it is over or waits for a person', async () => {
        if ((await world.handle.describe()).status.name !== 'RUNNING') return true;
        return (await world.status()).health.health === 'blocked';
      });
      expect((await world.tables()).tables.filter(({ error }) => error !== null)).toEqual([]);
      return await world.result();
    } finally {
      await world.close();
    }
  };

  beforeAll(async () => {
    source = await createPostgresDatabase(servers().postgresUrl);
    back = await createPostgresDatabase(servers().postgresUrl);
    [middle, copy] = await Promise.all([mariadbPlace(), mariadbPlace()]);
    await source.query([ordersSql(ROWS), keylessSql(5_000), shelvesSql(5_000)].join(';'));
    // The tables at the end of the way back have the types of the beginning.
    await back.query([ordersSql(0), keylessSql(0), shelvesSql(0)].join(';'));
  });

  afterAll(async () => {
    await source?.drop();
    await back?.drop();
    await middle?.drop();
    await copy?.drop();
  });

  test('from PostgreSQL to MariaDB, on to MariaDB and back keep every value of every row', async () => {
    const finished = { phase: 'finished', rows: ROWS + 10_000, compared: 3, equal: 3 };
    expect(await run({ source: source.url, target: middle.url }, 'public.*')).toMatchObject(finished);
    expect(await run({ source: middle.url, target: copy.url }, `${middle.name}.*`)).toMatchObject(finished);
    expect(await run({ source: copy.url, target: back.url }, '*')).toMatchObject(finished);
    for (const table of TABLES)
      expect(await back.cell(digestSql(table)), table).toBe(await source.cell(digestSql(table)));
  });
});
