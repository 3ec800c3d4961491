import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ChangeLoad, startLoad } from '../support/change-load.ts';
import { eventually } from '../support/eventually.ts';
import { FAILPOINTS } from '../support/failpoints.ts';
import { createFollowStage, FOLLOW_SPEC, type Follower, type FollowStage } from '../support/follow-stage.ts';
import { describeWith } from '../support/servers.ts';

/** Each time something must be refused for it. */
const isRefusing = (name: string): boolean => /^(refused changes|they are tried again)/.test(name);

const namesOf = (phase: keyof typeof FAILPOINTS) => FAILPOINTS[phase].map(([name]) => name);

/** Where a process is found alive that another one has taken the place of. */
const SLEEPS = [
  'a claim is sealed, behind the commit',
  'a batch is sent, before the hub has it',
  'a batch is applied, behind the commit',
];

const FIRST = { run: 1, lanes: [1, 2] };

const ENDING = namesOf('ending');

const REFUSE = 'ALTER TABLE lists ADD CONSTRAINT refused CHECK (k > 10) NOT VALID';
const ALLOW = 'ALTER TABLE lists DROP CONSTRAINT IF EXISTS refused';

describeWith(['postgres', 'nats'], 'a process that follows the changes of a busy PostgreSQL', () => {
  let stage: FollowStage;
  let load: ChangeLoad | undefined;

  beforeAll(async () => {
    stage = await createFollowStage();
  });
  afterAll(async () => {
    await load?.stop().catch(() => undefined);
    await stage?.close();
  });

  const whileRefused = async <T>(work: () => Promise<T>): Promise<T> => {
    await stage.target.query(`${ALLOW}; ${REFUSE}`);
    try {
      return await work();
    } finally {
      await stage.target.query(ALLOW);
    }
  };
  const parked = () => stage.target.cell('SELECT count(*) FROM sluice.parked');
  /** Makes what leads there happen. */
  const failAt = async (follower: Follower, name: string, how: 'kill' | 'cut'): Promise<void> => {
    if (name.startsWith('refused changes')) return whileRefused(() => follower.failAt({ name, how }));
    if (!name.startsWith('they are tried again')) return follower.failAt({ name, how });
    await whileRefused(() => eventually('some are set apart', async () => (await parked()) !== '0'));
    const failed = follower.failAt({ name, how });
    await stage.target.query("UPDATE sluice.parked SET retry_ms = 0 WHERE state = 'waiting'");
    return failed;
  };
  const expectOrder = async (): Promise<void> => {
    await stage.expectPrefixes();
    expect(await stage.listFaults()).toBe(0);
  };
  const follow = (): Follower => {
    const follower = stage.follower();
    follower.go({ execution: 'first', phase: 'follow' });
    return follower;
  };
  /** From now on what changes is recorded for it. */
  const plannedOnce = async (): Promise<void> => {
    const first = follow();
    await first.planned();
    await first.kill();
  };
  const killedAt = async (name: string, order: Parameters<Follower['go']>[0]): Promise<void> => {
    const follower = stage.follower();
    const killed = follower.failAt({ name, how: 'kill' });
    follower.go(order);
    await killed;
  };
  const drained = async (order: Omit<Parameters<Follower['go']>[0], 'phase'>): Promise<void> => {
    const follower = stage.follower();
    follower.go({ ...order, phase: 'drain' });
    await follower.ended();
    await expectOrder();
    await stage.expectEqual();
    expect(await stage.unconfirmed()).toEqual([]);
    expect(await parked()).toBe('0');
  };

  test.each(namesOf('planning'))('is killed where %s, and that is done once', async (name) => {
    await killedAt(name, { execution: 'first', phase: 'follow' });
    const runs = await stage.target.query('SELECT run FROM sluice.runs');
    expect(runs).toEqual([['1']]);
  });

  describe('while it follows them', () => {
    beforeAll(async () => {
      await plannedOnce();
      load = await startLoad(stage.source.url, { seed: 3, pauseMs: 100, sessions: 2 });
    });
    afterAll(() => load?.stop());

    test.each(namesOf('following'))(
      'loses its connection, and then its life, where %s, and nothing is lost, doubled or out of order',
      async (name) => {
        const follower = stage.follower();
        const failed = isRefusing(name)
          ? failAt(follower, name, 'cut').then(() => failAt(follower, name, 'kill'))
          : Promise.all([failAt(follower, name, 'cut'), failAt(follower, name, 'kill')]);
        follower.go({ execution: 'first', phase: 'follow' });
        await failed;
        await expectOrder();
      },
    );

    test.each(SLEEPS)(
      'sleeps where %s, and changes nothing when it wakes behind another one',
      async (name) => {
        const sleeper = follow();
        await sleeper.failAt({ name, how: 'stop' });
        const other = follow();
        await stage.arrives();
        sleeper.wake();
        await stage.arrives();
        await sleeper.kill();
        await stage.arrives();
        await other.kill();
        await expectOrder();
      },
    );
  });

  describe('when these are over', () => {
    beforeAll(async () => {
      await plannedOnce();
      await stage.source.query(
        "UPDATE accounts SET balance = balance + 1; UPDATE lists SET list = list || '0,'; UPDATE parents SET name = name || '!'",
      );
    });

    test.each(ENDING.filter((name) => !name.startsWith('the run')))('is killed where %s', (name) =>
      killedAt(name, { execution: 'first', phase: 'drain' }),
    );
    test('has all of them applied and confirmed', () => drained({ execution: 'first' }));
    test.each(ENDING.filter((name) => name.startsWith('the run')))('is killed where %s', (name) =>
      killedAt(name, { execution: 'first', phase: 'close', planned: FIRST }),
    );
    test('closes its run, and goes on in another one where that ended', async () => {
      const closing = stage.follower();
      closing.go({ execution: 'first', phase: 'close', planned: FIRST });
      await closing.ended();
      load = await startLoad(stage.source.url, { seed: 4, pauseMs: 100, sessions: 2 });
      const second = stage.follower();
      second.go({ execution: 'second', phase: 'follow' });
      expect(await second.planned()).toEqual({ ...FIRST, run: 2 });
      await stage.arrives();
      // What is applied is not confirmed yet.
      await second.failAt({ name: 'a batch is applied, behind the commit', how: 'kill' });
      await expectOrder();
    });
    test('goes on where the target stands although another plan makes it another run', async () => {
      const spec = { ...FOLLOW_SPEC, structure: { policy: 'create-missing' as const } };
      const third = stage.follower();
      third.go({ execution: 'third', phase: 'follow', spec });
      expect(await third.planned()).toEqual({ ...FIRST, run: 3 });
      await stage.arrives();
      await load?.stop();
      await third.kill();
      await drained({ execution: 'third', spec });
    });
  });
});
