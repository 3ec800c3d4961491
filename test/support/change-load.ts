import pg from 'pg';
import { createRandom, type Random } from '../simulation/random.ts';

/** Codes that concurrent writers give each other: a deadlock, a serialisation failure, a key or a parent that another one took. */
const EACH_OTHERS = new Set(['40P01', '40001', '23505', '23503']);

const ACCOUNTS = 40;
const LISTS = 30;
const PLACES = 25;
const PARENTS = 20;

/**
 * Tables of the load: money whose sum stays; lists that only grow, of which every state is a prefix of every later one; keys that
 * move, vanish and come again; unique values that are swapped; children that go with their parents.
 */
export const LOAD_SQL = `
  CREATE TABLE accounts (id integer PRIMARY KEY, balance numeric(20,2) NOT NULL);
  INSERT INTO accounts SELECT i, 1000 FROM generate_series(1, ${ACCOUNTS}) AS i;
  CREATE TABLE lists (k integer PRIMARY KEY, list text NOT NULL DEFAULT '');
  INSERT INTO lists SELECT i, '' FROM generate_series(1, ${LISTS}) AS i;
  CREATE TABLE places (id integer PRIMARY KEY, seat integer UNIQUE, who text);
  INSERT INTO places SELECT i * 2, i * 2, 'p' || i FROM generate_series(1, ${PLACES}) AS i;
  CREATE TABLE parents (id integer PRIMARY KEY, name text);
  INSERT INTO parents SELECT i, 'parent ' || i FROM generate_series(1, ${PARENTS}) AS i;
  CREATE TABLE children (id bigserial PRIMARY KEY, parent integer NOT NULL REFERENCES parents ON DELETE CASCADE, note text);
  INSERT INTO children (parent, note) SELECT i, 'child' FROM generate_series(1, ${PARENTS}) AS i`;

export const LOAD_TABLES = ['accounts', 'lists', 'places', 'parents', 'children'] as const;

type Step = (client: pg.Client, random: Random, n: number) => Promise<void>;

const say = async (client: pg.Client, sql: string): Promise<void> => void (await client.query(sql));

const STEPS: readonly Step[] = [
  async (client, random) => {
    const [from, to] = [random.int(1, ACCOUNTS), random.int(1, ACCOUNTS)].sort((a, b) => a - b);
    const amount = random.int(1, 500) / 100;
    await say(client, `UPDATE accounts SET balance = balance - ${amount} WHERE id = ${from}`);
    await say(client, `UPDATE accounts SET balance = balance + ${amount} WHERE id = ${to}`);
  },
  (client, random, n) =>
    say(client, `UPDATE lists SET list = list || '${n},' WHERE k = ${random.int(1, LISTS)}`),
  (client, random) => say(client, `DELETE FROM places WHERE id = ${random.int(1, 2 * PLACES)}`),
  (client, random, n) => {
    const id = random.int(1, 2 * PLACES);
    return say(client, `INSERT INTO places VALUES (${id}, ${id}, 'n${n}') ON CONFLICT DO NOTHING`);
  },
  (client, random) => {
    const [from, to] = [random.int(1, 2 * PLACES), random.int(1, 2 * PLACES)];
    return say(
      client,
      `UPDATE places SET id = ${to} WHERE id = ${from} AND NOT EXISTS (SELECT FROM places WHERE id = ${to})`,
    );
  },
  async (client, random) => {
    const [one, other] = [random.int(1, 2 * PLACES), random.int(1, 2 * PLACES)].sort((a, b) => a - b);
    if (one === other) return;
    await say(client, `SELECT FROM places WHERE id IN (${one}, ${other}) ORDER BY id FOR UPDATE`);
    const seats = await client.query<{ id: number; seat: number | null }>(
      `SELECT id, seat FROM places WHERE id IN (${one}, ${other}) ORDER BY id`,
    );
    const [a, b] = seats.rows;
    if (!a || !b) return;
    await say(client, `UPDATE places SET seat = NULL WHERE id = ${a.id}`);
    await say(client, `UPDATE places SET seat = ${a.seat ?? 'NULL'} WHERE id = ${b.id}`);
    await say(client, `UPDATE places SET seat = ${b.seat ?? 'NULL'} WHERE id = ${a.id}`);
  },
  (client, random) => say(client, `DELETE FROM parents WHERE id = ${random.int(1, 2 * PARENTS)}`),
  async (client, random, n) => {
    const id = random.int(1, 2 * PARENTS);
    await say(
      client,
      `INSERT INTO parents VALUES (${id}, 'again ${n}') ON CONFLICT (id) DO UPDATE SET name = excluded.name`,
    );
    await say(client, `INSERT INTO children (parent, note) VALUES (${id}, 'of ${n}'), (${id}, NULL)`);
  },
];

export interface ChangeLoad {
  /** Transactions that were committed so far. */
  committed(): number;
  /** Ends the sessions. @throws the first error that the sessions did not give each other */
  stop(): Promise<void>;
}

/** Sessions that change the tables of LOAD_SQL at once, some transactions rolled back, some of them long. */
export async function startLoad(
  url: string,
  { seed, sessions = 4, pauseMs = 0 }: { seed: number; sessions?: number; pauseMs?: number },
): Promise<ChangeLoad> {
  let ended = false;
  let committed = 0;
  let n = 0;
  const errors: unknown[] = [];
  const run = async (client: pg.Client, random: Random): Promise<void> => {
    while (!ended) {
      try {
        await client.query('BEGIN');
        for (let left = random.int(1, 5); left > 0; left -= 1) {
          n += 1;
          await random.pick(STEPS)(client, random, n);
          if (random.chance(0.02)) await client.query('SELECT pg_sleep(0.2)');
        }
        await client.query(random.chance(0.1) ? 'ROLLBACK' : 'COMMIT');
        committed += 1;
      } catch (error) {
        if (!EACH_OTHERS.has((error as { code?: string }).code ?? '')) {
          errors.push(error);
          return;
        }
        await client.query('ROLLBACK');
      }
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, random.int(0, pauseMs)));
    }
  };
  const clients = await Promise.all(
    Array.from({ length: sessions }, async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      return client;
    }),
  );
  const running = clients.map((client, at) => run(client, createRandom(seed * 100 + at)));
  return {
    committed: () => committed,
    stop: async () => {
      ended = true;
      await Promise.all(running);
      await Promise.all(clients.map((client) => client.end()));
      if (errors.length > 0) throw errors[0];
    },
  };
}
