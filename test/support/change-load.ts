import { createRandom, type Random } from '../simulation/random.ts';
import {
  ACCOUNTS,
  LISTS,
  LOADS,
  type LoadProduct,
  type LoadSession,
  PARENTS,
  PLACES,
} from './load-products.ts';

/**
 * Tables of the load: money whose sum stays; lists that only grow, of which every state is a prefix of every later one; keys that
 * move, vanish and come again; unique values that are swapped; children that go with their parents.
 */
export const LOAD_TABLES = ['accounts', 'lists', 'places', 'parents', 'children'] as const;

interface Doing {
  readonly session: LoadSession;
  readonly product: LoadProduct;
  readonly random: Random;
  /** Of the step. */
  readonly n: number;
}
type Step = (doing: Doing) => Promise<void>;

const STEPS: readonly Step[] = [
  async ({ session, random }) => {
    const [from, to] = [random.int(1, ACCOUNTS), random.int(1, ACCOUNTS)].sort((a, b) => a - b);
    const amount = random.int(1, 500) / 100;
    await session.run(`UPDATE accounts SET balance = balance - ${amount} WHERE id = ${from}`);
    await session.run(`UPDATE accounts SET balance = balance + ${amount} WHERE id = ${to}`);
  },
  ({ session, product, random, n }) =>
    session.run(`UPDATE lists SET list = ${product.appended(`${n},`)} WHERE k = ${random.int(1, LISTS)}`),
  ({ session, random }) => session.run(`DELETE FROM places WHERE id = ${random.int(1, 2 * PLACES)}`),
  ({ session, product, random, n }) => {
    const id = random.int(1, 2 * PLACES);
    const [before, behind] = product.unlessThere;
    return session.run(`INSERT ${before} INTO places VALUES (${id}, ${id}, 'n${n}') ${behind}`);
  },
  ({ session, product, random }) =>
    session.run(product.moved(random.int(1, 2 * PLACES), random.int(1, 2 * PLACES))),
  async ({ session, product, random }) => {
    const [one, other] = [random.int(1, 2 * PLACES), random.int(1, 2 * PLACES)].sort((a, b) => a - b);
    if (one === other) return;
    const seats = await session.rows(
      `SELECT id, seat FROM places WHERE id IN (${one}, ${other}) ORDER BY id ${product.forUpdate}`,
    );
    const [[a, seatOfA] = [], [b, seatOfB] = []] = seats.map((row) =>
      row.map((cell) => String(cell ?? 'NULL')),
    );
    if (a === undefined || b === undefined) return;
    await session.run(`UPDATE places SET seat = NULL WHERE id = ${a}`);
    await session.run(`UPDATE places SET seat = ${seatOfA} WHERE id = ${b}`);
    await session.run(`UPDATE places SET seat = ${seatOfB} WHERE id = ${a}`);
  },
  ({ session, random }) => session.run(`DELETE FROM parents WHERE id = ${random.int(1, 2 * PARENTS)}`),
  async ({ session, product, random, n }) => {
    const id = random.int(1, 2 * PARENTS);
    await session.run(`INSERT INTO parents VALUES (${id}, 'again ${n}') ${product.orRename}`);
    await session.run(`INSERT INTO children (parent, note) VALUES (${id}, 'of ${n}'), (${id}, NULL)`);
  },
];

export interface ChangeLoad {
  /** Transactions that were committed so far. */
  committed(): number;
  /** Ends the sessions. @throws the first error that the sessions did not give each other */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly seed: number;
  readonly product?: LoadProduct;
  readonly sessions?: number;
  readonly pauseMs?: number;
}

/** Sessions that change the tables of the load at once, some transactions rolled back, some of them long. */
export async function startLoad(url: string, options: LoadOptions): Promise<ChangeLoad> {
  const { seed, product = LOADS.postgresql, sessions = product.sessions, pauseMs = 0 } = options;
  let ended = false;
  let committed = 0;
  let n = 0;
  const errors: unknown[] = [];
  const run = async (session: LoadSession, random: Random): Promise<void> => {
    while (!ended) {
      try {
        await session.run(product.begin);
        for (let left = random.int(1, 5); left > 0; left -= 1) {
          n += 1;
          await random.pick(STEPS)({ session, product, random, n });
          if (random.chance(0.02)) await session.linger(200);
        }
        await session.run(random.chance(0.1) ? 'ROLLBACK' : 'COMMIT');
        committed += 1;
      } catch (error) {
        if (!product.isEachOthers(error)) {
          errors.push(error);
          return;
        }
        await session.run('ROLLBACK');
      }
      // SQLite's statements take no time of this process's own otherwise.
      await session.linger(pauseMs > 0 ? random.int(0, pauseMs) : 0);
    }
  };
  const opened = await Promise.all(Array.from({ length: sessions }, () => product.connect(url)));
  const running = opened.map((session, at) => run(session, createRandom(seed * 100 + at)));
  return {
    committed: () => committed,
    stop: async () => {
      ended = true;
      await Promise.all(running);
      await Promise.all(opened.map((session) => session.close()));
      if (errors.length > 0) throw errors[0];
    },
  };
}
