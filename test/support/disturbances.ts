import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from '../simulation/random.ts';
import { eventually } from './eventually.ts';
import type { StageDatabase } from './stage-databases.ts';
import type { Proxy, Toxic } from './toxics.ts';
import type { Stage } from './transfer-stage.ts';

/** Nothing gets through: added, and taken away once every connection of before is gone. */
export const SILENCES: readonly (readonly [string, Toxic])[] = [
  // Commits arrive and their answers do not: nobody knows whether they took place.
  ['answers are swallowed', { type: 'timeout', stream: 'downstream', attributes: { timeout: 1_000 } }],
  ['statements are swallowed', { type: 'timeout', stream: 'upstream', attributes: { timeout: 1_000 } }],
  ['answers are reset', { type: 'reset_peer', stream: 'downstream', attributes: { timeout: 0 } }],
  ['statements are reset', { type: 'reset_peer', stream: 'upstream', attributes: { timeout: 100 } }],
];

/** Each connection lives for so many bytes: rows still move, and are cut anywhere. */
export const LIMITS: readonly (readonly [string, Toxic])[] = [
  ['answers', { type: 'limit_data', stream: 'downstream', attributes: { bytes: 20_000 } }],
  ['statements', { type: 'limit_data', stream: 'upstream', attributes: { bytes: 60_003 } }],
];

export interface Network {
  readonly stage: Stage;
  /** Between the worker and the target. */
  readonly proxy: Proxy;
  /** Rows that must move before and after. */
  readonly rows: number;
}

const allReplaced = async (target: StageDatabase, before: readonly string[]): Promise<boolean> => {
  const now = await target.sessions();
  return !before.some((id) => now.includes(id));
};

/** Nothing gets through until every connection of before is gone; then rows move again. */
export async function silence({ stage, proxy, rows }: Network, toxic: Toxic): Promise<void> {
  const before = await stage.target.sessions();
  await proxy.add(toxic);
  await eventually('the old connections are gone', () => allReplaced(stage.target, before));
  await proxy.heal();
  await stage.moves(rows);
}

/** Idle connections send nothing and live on. */
const halfReplaced = async (target: StageDatabase, before: readonly string[]): Promise<boolean> => {
  const now = await target.sessions();
  return 2 * before.filter((id) => !now.includes(id)).length >= before.length;
};

/** Rows move while every connection that is used ends in its middle, and afterwards. */
export async function limit({ stage, proxy, rows }: Network, toxic: Toxic): Promise<void> {
  // While all are being opened anew there is none, and no half of it.
  const before = await eventually('it has connections', async () => {
    const open = await stage.target.sessions();
    return open.length > 0 && open;
  });
  await proxy.add(toxic);
  await stage.moves(rows);
  await stage.flowing(() =>
    eventually('half of the connections were cut', () => halfReplaced(stage.target, before)),
  );
  await proxy.heal();
  await stage.moves(rows);
}

/** Ends about every third session of one end or the other at random moments. The seed stands in the error. */
export async function endSessionsAtRandom({ source, target }: Stage, times: number): Promise<void> {
  const seed = Number(process.env['SLUICE_TEST_SEED'] ?? Date.now() % 1_000_000);
  const random = createRandom(seed);
  try {
    for (let time = 1; time <= times; time += 1) {
      await delay(random.int(0, 400)); // a random moment
      const database = random.pick([source, target, target]);
      await database.endSessions((await database.sessions()).filter(() => random.chance(0.35)));
    }
  } catch (error) {
    throw new Error(`with SLUICE_TEST_SEED=${seed}`, { cause: error });
  }
}
