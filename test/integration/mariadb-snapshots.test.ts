import { connect, createServer, type Socket } from 'node:net';
import { type Connection, createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mysql } from '../../src/databases/mysql/dialect.ts';
import { Pool } from '../../src/databases/mysql/connections/pool.ts';
import type { Session } from '../../src/databases/mysql/connections/session.ts';
import { Snapshots } from '../../src/databases/mysql/connections/snapshots.ts';
import { never } from '../contract/test-tables.ts';
import { eventually } from '../support/eventually.ts';
import { type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

/** A way to the server on which connections can be kept waiting, or go dead, from some moment on. */
async function gateTo({ hostname, port: to }: { readonly hostname: string; readonly port: string }) {
  const sockets: Socket[] = [];
  const waiting: (() => void)[] = [];
  let shut = false;
  let deadly: string | null = null;
  const killed: string[] = [];
  const server = createServer((socket) => {
    const pass = (): void => {
      const onward = connect(Number(to), hostname);
      sockets.push(onward);
      for (const each of [socket, onward]) each.on('error', () => each.destroy());
      socket.on('close', () => onward.destroy());
      onward.on('close', () => socket.destroy());
      let isDead = false;
      socket.on('data', (bytes) => {
        if (deadly !== null && bytes.includes(deadly)) {
          isDead = true;
          killed.push(bytes.toString('latin1'));
        }
        if (!isDead) onward.write(bytes);
      });
      onward.pipe(socket);
    };
    sockets.push(socket);
    if (shut) waiting.push(pass);
    else pass();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { readonly port: number };
  return {
    port,
    shut: (): void => {
      shut = true;
    },
    waiting,
    /** A connection on which this is said has no answer from then on, and no end. */
    dieAt: (text: string): void => {
      deadly = text;
    },
    killed,
    close: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

describeWith(['mariadb'], 'a held snapshot of MariaDB, read by one after the other', () => {
  let place: MariadbPlace;
  let gate: Awaited<ReturnType<typeof gateTo>>;
  let pool: Pool;
  let snapshots: Snapshots;
  beforeEach(async () => {
    place = await mariadbPlace();
    const url = new URL(place.url);
    gate = await gateTo({ hostname: url.hostname, port: url.port });
    url.host = `127.0.0.1:${gate.port}`;
    pool = new Pool(mysql.parseUrl(url.href, {}), { applicationName: 'sluice-test', maxConnections: 2 });
    snapshots = new Snapshots(pool);
  });
  afterEach(async () => {
    snapshots.closeAll();
    await pool.close();
    await gate.close();
    await place.drop();
  });

  const lock = (name: string): string => `CONCAT(DATABASE(), ' ${name}')`;
  const waits = async (name: string): Promise<boolean> => {
    const like = `'SELECT GET_LOCK(%${name}%'`;
    const [row] = await place.query(
      `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE = 'User lock' AND INFO LIKE ${like}`,
    );
    return row?.[0] === '1';
  };
  /** One that reads until the lock is free. */
  const wait = (ref: string, name: string, signal: AbortSignal) => {
    const seen = { begun: false, answered: false };
    const read = async (session: Session): Promise<string | null> => {
      seen.begun = true;
      const cell = await session.cell(`SELECT GET_LOCK(${lock(name)}, 600)`);
      seen.answered = true;
      return cell;
    };
    return { seen, done: snapshots.use(ref, signal, read) };
  };
  const locking = async (work: (other: Connection) => Promise<void>): Promise<void> => {
    const other = await createConnection({ uri: place.url.replace('mariadb:', 'mysql:') });
    try {
      await other.query(`DO GET_LOCK(${lock('first')}, 0), GET_LOCK(${lock('second')}, 0)`);
      await work(other);
    } finally {
      await other.end();
    }
  };

  test('what ends the statement of one that gave up never ends a statement of the next', async () => {
    const { ref } = await snapshots.hold(never());
    await locking(async (other) => {
      const giveUp = new AbortController();
      const first = wait(ref, 'first', giveUp.signal);
      await eventually('the first reads', () => waits('first'));
      gate.shut();
      giveUp.abort(new Error('gave up'));
      await eventually('its end is on its way', () => gate.waiting.length > 0);
      // Its statement comes to its end by itself, before it is ended.
      const second = wait(ref, 'second', never());
      await other.query(`DO RELEASE_LOCK(${lock('first')})`);
      await eventually('the first has its answer', () => first.seen.answered);
      // Whoever does not wait for the end of the first's statement has begun by now, and shall be at the server when it comes.
      await eventually(
        'the second waits or reads',
        async () => !second.seen.begun || (await waits('second')),
      );
      for (const pass of gate.waiting) pass();
      await eventually('the second reads', () => waits('second'));
      await first.done;
      await other.query(`DO RELEASE_LOCK(${lock('second')})`);
      expect(await second.done).toBe('1');
    });
  });

  test('a connection that goes dead while it ends a statement ends the snapshot, and holds nobody up', async () => {
    const { ref } = await snapshots.hold(never());
    await locking(async (other) => {
      const giveUp = new AbortController();
      const first = wait(ref, 'first', giveUp.signal);
      await eventually('the first reads', () => waits('first'));
      gate.dieAt('KILL QUERY');
      giveUp.abort(new Error('gave up'));
      await eventually('its end is on its way', () => gate.killed.length > 0);
      const second = wait(ref, 'second', never());
      await other.query(`DO RELEASE_LOCK(${lock('first')})`);
      expect(await first.done).toBe('1');
      await expect(second.done).rejects.toMatchObject({ code: 'source.snapshot_lost' });
      expect(second.seen.begun).toBe(false);
    });
  });
});
