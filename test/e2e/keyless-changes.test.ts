import { afterEach, expect, test } from 'vitest';
import { type ChangeStage, createChangeStage } from '../support/change-stage.ts';
import { LOADS, type LoadSession } from '../support/load-products.ts';
import { describeWith } from '../support/servers.ts';

/** Only grows: each row once, and a row that is applied twice is seen. */
const TABLES = `CREATE TABLE grown (writer integer, n integer);
  CREATE TABLE changed (n integer, what text);
  INSERT INTO changed SELECT n % 500, repeat('x', n % 3) FROM generate_series(1, 20000) AS n;
  CREATE TABLE keyed (id integer PRIMARY KEY, n integer); INSERT INTO keyed VALUES (1, 0)`;

const one = (n: number): string => `ctid = (SELECT ctid FROM changed WHERE n = ${n} LIMIT 1)`;

describeWith(['postgres', 'nats', 'temporal'], 'tables without a key that are copied and followed', () => {
  let stage: ChangeStage;
  let ended: boolean;
  let written: number[];
  let writing: Promise<unknown>;

  afterEach(async () => {
    ended = true;
    await writing;
    await stage.close();
  });

  const write = async (session: LoadSession, writer: number): Promise<void> => {
    for (let n = 1; !ended; n += 1) {
      await session.run('BEGIN');
      await session.run(`INSERT INTO grown VALUES (${writer}, ${n})`);
      // Each has rows of its own: none waits for the other in a circle.
      const row = 2 * (n % 250) + writer;
      if (n % 2 === 0) await session.run(`DELETE FROM changed WHERE ${one(row)}`);
      if (n % 3 === 0) await session.run(`UPDATE changed SET what = 'w${n}' WHERE ${one(row)}`);
      if (n % 3 === 1) await session.run(`INSERT INTO changed VALUES (${row}, 'i'), (${row}, 'i')`);
      await session.run('UPDATE keyed SET n = n + 1');
      const isKept = n % 7 !== 0;
      await session.run(isKept ? 'COMMIT' : 'ROLLBACK');
      if (isKept) written[writer] = (written[writer] ?? 0) + 1;
      await session.linger(10);
    }
    await session.close();
  };
  const committed = (more: number): Promise<unknown> => {
    const sum = (): number => written.reduce((a, b) => a + b, 0);
    const before = sum();
    return stage.world.eventually('something is written', () => sum() >= before + more);
  };
  const isLive = () =>
    stage.world.eventually('it is live', async () => (await stage.world.status()).phase === 'live');

  test('have each row as often as the source, whatever dies and is copied again', async () => {
    stage = await createChangeStage({
      sql: TABLES,
      spec: { read: { blockBytes: 16_384 }, limits: { ratePerSecond: 8_000 } },
    });
    const { world, source, target } = stage;
    ended = false;
    written = [];
    const sessions = await Promise.all([0, 1].map(() => LOADS.postgresql.connect(source.url)));
    writing = Promise.all(sessions.map((session, writer) => write(session, writer)));
    const first = world.worker();
    await world.start();
    // It takes a while: 8,000 rows a second.
    await world.eventually('rows are on their way', async () =>
      (await world.tables()).tables.some(
        ({ table, status, rows }) => table === 'public.changed' && status === 'copying' && rows > 0,
      ),
    );
    // The snapshot dies with the process.
    first.kill('SIGKILL');
    const second = world.worker();
    await isLive();
    // Read in another one, from its first row on.
    const changed = (await world.tables()).tables.find(({ table }) => table === 'public.changed');
    expect(changed?.generation).toBeGreaterThan(1);
    await committed(20);
    second.kill('SIGKILL');
    world.worker();
    await committed(20);
    const again = await world.cli('table', 'resnapshot', world.transfer, 'public.changed', '--yes');
    expect(again, again.stderr).toMatchObject({ code: 0 });
    await isLive();
    await committed(20);
    ended = true;
    await writing;
    const over = await world.cli('cut-over', world.transfer, '--wait');
    expect(over, over.stderr).toMatchObject({ code: 0 });
    expect(await world.result()).toMatchObject({ phase: 'finished', equal: 3, drifted: 0, skipped: 0 });
    const count = 'SELECT count(*) FROM grown';
    expect(await target.cell(count)).toBe(String(written.reduce((a, b) => a + b, 0)));
    for (const table of ['grown', 'changed'])
      expect(await target.digest(table), table).toBe(await source.digest(table));
  });
});
