import { createConnection, type Connection } from 'mysql2/promise';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningMariadb } from '../../scripts/servers/start-mariadb.mjs';
import type { RunningToxiproxy } from '../../scripts/servers/start-toxiproxy.mjs';
import { endSessionsAtRandom, limit, LIMITS, silence, SILENCES } from '../support/disturbances.ts';
import { describeWith, startOwnMariadb, startOwnToxiproxy } from '../support/servers.ts';
import { MARIADB } from '../support/stage-databases.ts';
import { createProxy, type Proxy } from '../support/toxics.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';
import type { WorkerProcess } from '../support/sluice.ts';

const ROWS = 32_000;
const TIMES = 12;
/** Rows between two faults. */
const STEP = 500;
/** A batch waits for a lock for most of a minute. */
const PATIENCE_MS = 240_000;

describeWith(
  ['mariadb', 'nats', 'temporal', 'toxiproxy'],
  'a MariaDB server that is source and target',
  () => {
    let server: RunningMariadb;
    let toxiproxy: RunningToxiproxy;
    let proxy: Proxy;
    let stage: Stage;
    let worker: WorkerProcess;

    beforeAll(async () => {
      server = await startOwnMariadb();
      toxiproxy = await startOwnToxiproxy();
      proxy = await createProxy(toxiproxy.apiUrl, 'target', new URL(server.url).host);
      stage = await createStage({
        product: MARIADB,
        server: server.url,
        rows: ROWS,
        throughTarget: (url) => {
          const through = new URL(url);
          through.port = String(proxy.port);
          return through.href;
        },
        reserve: true,
        spec: { limits: { ratePerSecond: 1_000 }, recovery: { heartbeatTimeout: '5s' } },
      });
      // Of two, one holds the snapshot that the table without a key is read in.
      worker = stage.world.worker();
      stage.world.worker();
      await stage.world.start();
      await stage.moves(STEP);
    });

    afterAll(async () => {
      await stage?.close();
      await toxiproxy?.stop();
      await server?.stop();
    });

    /** A session of somebody else, at the target and not through the proxy. */
    const stranger = async (work: (session: Connection) => Promise<void>): Promise<void> => {
      const session = await createConnection({ uri: stage.target.url.replace('mariadb:', 'mysql:') });
      try {
        await work(session);
      } finally {
        await session.end();
      }
    };
    const counted = async (name: string): Promise<number> =>
      Number(
        await stage.target.cell(`SELECT COUNT FROM information_schema.INNODB_METRICS WHERE NAME = '${name}'`),
      );
    /** Orders that no batch has brought yet, as the stranger's own rows: whoever brings them waits. */
    const standInTheWay = async (session: Connection): Promise<void> => {
      await session.query('START TRANSACTION');
      const highest = Number(await stage.target.cell('SELECT MAX(id) FROM orders'));
      await session.query(
        `INSERT IGNORE INTO orders (id, customer_id, status, created_at) SELECT seq, 0, 'stranger', NOW() FROM seq_${highest + 150}_to_${ROWS}_step_100`,
      );
      const own = session.threadId;
      const isWaitedFor = async (): Promise<boolean> => {
        // Who asks these views again within 100 ms of the last answer gets that answer again, for ever.
        await stage.target.cell('SELECT SLEEP(0.2)');
        const waiting = await stage.target.cell(
          `SELECT COUNT(*) FROM information_schema.INNODB_LOCK_WAITS w
           JOIN information_schema.INNODB_TRX t ON t.trx_id = w.blocking_trx_id WHERE t.trx_mysql_thread_id = ${own}`,
        );
        return Number(waiting) > 0;
      };
      await stage.flowing(() => stage.world.eventually('a batch waits', isWaitedFor));
    };

    test('goes on after a stranger held what its batches need for longer than they wait', async () => {
      const before = await counted('lock_timeouts');
      await stranger(async (session) => {
        await standInTheWay(session);
        await stage.world.eventually(
          'a batch gave up',
          async () => (await counted('lock_timeouts')) > before,
          PATIENCE_MS,
        );
        await session.query('ROLLBACK');
      });
      await stage.moves(STEP);
    });

    test('goes on after deadlocks with a stranger, of which its own transactions are the victims', async () => {
      const before = await counted('lock_deadlocks');
      await stranger(async (session) => {
        await session.query('CREATE TABLE ballast (id int PRIMARY KEY)');
        await standInTheWay(session);
        // Whoever has changed less is the victim.
        await session.query('INSERT INTO ballast SELECT seq FROM seq_1_to_20000');
        await session.query('SELECT COUNT(*) FROM sluice_lanes FOR UPDATE');
        await session.query('ROLLBACK');
        await session.query('DROP TABLE ballast');
      });
      expect(await counted('lock_deadlocks')).toBeGreaterThan(before);
      await stage.moves(STEP);
    });

    test(`goes on when a third of its sessions are killed, ${TIMES} times`, async () => {
      await endSessionsAtRandom(stage, TIMES);
      await stage.moves(STEP);
    });

    test.each(SILENCES)('goes on after its %s', (_, toxic) => silence({ stage, proxy, rows: STEP }, toxic));

    test.each(LIMITS)('goes on while its connections end in the middle of %s', (_, toxic) =>
      limit({ stage, proxy, rows: STEP }, toxic),
    );

    test('goes on after a worker is killed', async () => {
      worker.kill('SIGKILL');
      await worker.ended;
      worker = stage.world.worker();
      await stage.moves(STEP);
    });

    test('goes on after the server is killed and started again', async () => {
      await server.kill('SIGKILL');
      await server.restart();
      await stage.moves(STEP);
    });

    test('ends equal, no row missing and none twice', async () => {
      const report = await stage.endsEqual();
      expect(report.phase).toBe('finished');
    });
  },
);
