import { setTimeout as wait } from 'node:timers/promises';
import { type Place, sluice } from './processes.ts';
import { changeShop, readShop } from './shop.ts';

/** The transfer of the demo that applies changes. */
export const FOLLOWER = 'shop-changes';

const LOOK_EVERY_MS = 20;

async function isLive(place: Place): Promise<boolean> {
  const { code, stdout } = await sluice(place, ['status', FOLLOWER, '-o', 'json'], false);
  return code === 0 && (JSON.parse(stdout) as { phase: string }).phase === 'live';
}

async function untilAlike(source: string, target: string): Promise<number> {
  const sinceMs = performance.now();
  while (readShop(source) !== readShop(target)) await wait(LOOK_EVERY_MS);
  return performance.now() - sinceMs;
}

/** Triggers at the source, a transfer that follows it, changes that an application makes, and how they arrive. */
export async function followChanges(
  place: Place,
  { source, target, say }: { source: string; target: string; say: (text: string) => void },
): Promise<boolean> {
  say('Changes: triggers in the source record them, a second transfer applies them');
  const installed = await sluice(place, ['capture', 'install', 'source']);
  const deployed = await sluice(place, ['capture', 'deploy', 'source']);
  if (installed.code !== 0 || deployed.code !== 0) return false;
  // One that an interrupted demo left behind knows other databases.
  await sluice(place, ['cancel', FOLLOWER, '--wait', '--timeout', '30s'], false);
  await sluice(place, ['start', FOLLOWER]);
  while (!(await isLive(place))) await wait(200);
  say('An application inserts, updates, deletes and moves keys at the source');
  for (const said of changeShop(source)) {
    const tookMs = await untilAlike(source, target);
    console.log(`    ${said.padEnd(58)} at the target after ${Math.round(tookMs)} ms`);
  }
  await sluice(place, ['status', FOLLOWER]);
  say('Cut-over: what is pending is applied, and the transfer ends');
  return (await sluice(place, ['cut-over', FOLLOWER, '--wait'])).code === 0;
}
