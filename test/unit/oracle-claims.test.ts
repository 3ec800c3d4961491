import { describe, expect, test } from 'vitest';
import { sealClaim } from '../../src/databases/oracle/capture/claims/seal-claim.ts';
import type { TransactionWatch } from '../../src/databases/oracle/capture/claims/open-transactions.ts';
import { openTransactions } from '../../src/databases/oracle/capture/claims/open-transactions.ts';
import { decodeLooked } from '../../src/engine/capture/id-gaps.ts';
import { contains, decodeRuns } from '../../src/engine/capture/id-runs.ts';
import { random } from '../contract/test-tables.ts';
import { captured } from '../support/oracle/captured.ts';
import { StagingServer } from '../support/oracle/staging-server.ts';
import { oraError, pinned, standInSession } from '../support/oracle/stand-in-driver.ts';

const watch: TransactionWatch = { ask: openTransactions };
const WIDE = { events: 1_000, bytes: 1_000_000 };

const seal = (server: StagingServer, limits = WIDE): Promise<number | null> =>
  sealClaim(standInSession(server.answer).session, captured, watch, { lease: server.lease, limits });

/** Keys of the lane's events in the order in which claims give them, as `key#id`. */
const given = (server: StagingServer): readonly string[] =>
  server.claims.flatMap(({ runs, events }) => {
    const found = server.committed
      .filter(({ id, table }) => table === 1 && contains(decodeRuns(runs), BigInt(id)))
      .sort((one, other) => one.id - other.id);
    expect(found).toHaveLength(events);
    return found.map(({ key, id }) => `${key}#${id}`);
  });

describe('a claim', () => {
  test('takes what is committed, never across an id that is not there, and what comes late into a later one', async () => {
    const server = new StagingServer();
    const [late, soon] = [server.begin(), server.begin()];
    server.write(late, 1, 1);
    server.write(soon, 1, 2);
    server.write(soon, 2, 9);
    server.write(soon, 1, 3);
    server.end(soon, 'commit');
    expect(await seal(server)).toBe(1);
    expect(await seal(server)).toBeNull();
    server.end(late, 'commit');
    expect(await seal(server)).toBe(2);
    expect(server.claims.map(({ runs }) => runs)).toEqual(['2-4', '1']);
  });

  test('looks for an id no more once all have ended who were open when it was missed', async () => {
    const server = new StagingServer();
    const [gone, other] = [server.begin(), server.begin()];
    server.write(gone, 1, 1);
    server.write(other, 1, 2);
    server.end(gone, 'rollback');
    server.end(other, 'commit');
    const long = server.begin();
    await seal(server);
    await seal(server);
    expect(decodeLooked(server.looked).gaps).toHaveLength(1);
    server.end(long, 'rollback');
    await seal(server);
    expect(decodeLooked(server.looked)).toEqual({ seen: 2n, gaps: [] });
  });

  test('goes on behind ids that a server lost', async () => {
    const server = new StagingServer();
    const one = server.begin();
    server.write(one, 1, 1);
    server.skip(2_000_000);
    server.write(one, 1, 2);
    server.end(one, 'commit');
    expect(await seal(server)).toBe(1);
    await seal(server);
    expect(given(server)).toEqual(['1#1', '2#2000002']);
  });

  test('is cut in the middle of what came late, and goes on there', async () => {
    const server = new StagingServer();
    const [late, soon] = [server.begin(), server.begin()];
    for (let key = 1; key <= 10; key += 1) server.write(late, 1, key);
    server.write(soon, 1, 11);
    server.end(soon, 'commit');
    await seal(server);
    server.end(late, 'commit');
    const few = { events: 4, bytes: WIDE.bytes };
    while ((await seal(server, few)) !== null);
    expect(server.claims.map(({ runs }) => runs)).toEqual(['11', '1-4', '5-8', '9-10']);
  });

  test('is refused to who has lost the lane', async () => {
    const server = new StagingServer();
    server.loseLease();
    await expect(seal(server)).rejects.toMatchObject({ code: 'capture.lease_lost' });
  });

  test('says which right is missing to know who is open', async () => {
    const { session } = standInSession((text, binds) =>
      text.includes('GV_$') ? oraError(942) : pinned()(text, binds),
    );
    await session.pin();
    await expect(openTransactions(session)).rejects.toMatchObject({
      code: 'database.permission_denied',
      details: {
        suggestion: expect.stringContaining('GRANT SELECT ON SYS.GV_$TRANSACTION TO "APP"') as string,
      },
    });
  });
});

/** Transactions of several writers, each row locked until its writer ends, between any two statements of a seal. */
class Writers {
  readonly #server: StagingServer;
  readonly #draw: (below: number) => number;
  readonly #open: string[] = [];

  constructor(server: StagingServer, draw: (below: number) => number) {
    this.#server = server;
    this.#draw = draw;
  }

  step(): void {
    const [server, draw] = [this.#server, this.#draw];
    const at = draw(this.#open.length + 1);
    const transaction = this.#open[at];
    if (transaction === undefined) {
      if (this.#open.length < 5) this.#open.push(server.begin());
      return;
    }
    if (draw(4) > 0) {
      const key = 1 + draw(6);
      if (!server.isLocked(key, transaction)) server.write(transaction, draw(5) === 0 ? 2 : 1, key);
      if (draw(40) === 0) server.skip(1 + draw(3_000));
      return;
    }
    this.#open.splice(at, 1);
    server.end(transaction, draw(4) === 0 ? 'rollback' : 'commit');
  }

  stop(): void {
    for (const transaction of this.#open) this.#server.end(transaction, 'commit');
  }
}

describe('claims at random', () => {
  test.each(Array.from({ length: 200 }, (_, index) => index + 1))(
    'have every event once, in the order of its row, seed %d',
    async (seed) => {
      const next = random(seed);
      const draw = (below: number): number => Math.floor(next() * below);
      const server = new StagingServer();
      const writers = new Writers(server, draw);
      server.meanwhile = () => {
        for (let time = draw(4); time > 0; time -= 1) writers.step();
      };
      for (let time = 0; time < 60; time += 1) {
        server.meanwhile();
        await seal(server, { events: 1 + draw(20), bytes: 100 + draw(3_000) });
      }
      server.meanwhile = () => {};
      writers.stop();
      let idle = 0;
      while (idle < 3) idle = (await seal(server)) === null ? idle + 1 : 0;

      const all = given(server);
      const own = server.committed.filter(({ table }) => table === 1).map(({ key, id }) => `${key}#${id}`);
      expect(all.toSorted()).toEqual(own.toSorted());
      for (let key = 1; key <= 6; key += 1) {
        const ids = all
          .filter((each) => each.startsWith(`${key}#`))
          .map((each) => Number(each.split('#')[1]));
        expect(ids).toEqual(ids.toSorted((one, other) => one - other));
      }
      expect(server.claims.map(({ claim }) => claim)).toEqual(server.claims.map((_, place) => place + 1));
      expect(decodeLooked(server.looked).gaps).toEqual([]);
    },
  );
});
