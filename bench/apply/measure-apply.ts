import { loadNow } from '../measure/machine.ts';
import type { Measurement } from '../measure/measurement.ts';
import { treeCpuSeconds, watchMemory } from '../measure/process-tree.ts';
import { serverCpuSeconds } from '../measure/server-cpu.ts';
import type { ApplyEngine, Changes } from './engine.ts';
import type { Follower, Following } from './follow-changes.ts';

export const CASES = ['backlog', 'bulk', 'live'] as const;
export type ApplyCase = (typeof CASES)[number];

export interface ApplyRequest {
  readonly engine: ApplyEngine;
  readonly follower: Follower;
  readonly case: ApplyCase;
  /** Its number among all of this target: each ends with a cut-over. */
  readonly run: number;
  readonly changes: Changes;
}

type Cpu = Pick<Measurement, 'cpuSeconds' | 'serverCpuSeconds'>;

interface Applied extends Pick<Measurement, 'seconds' | 'extra'> {
  readonly following: Following;
  readonly cpu: Cpu;
}

/** @returns what worker and servers took since this call */
function meterCpu(worker: number): () => Cpu {
  const servers = (): number => Object.values(serverCpuSeconds()).reduce((sum, seconds) => sum + seconds, 0);
  const [workerBefore, serversBefore] = [treeCpuSeconds(worker), servers()];
  return () => ({
    cpuSeconds: treeCpuSeconds(worker) - workerBefore,
    serverCpuSeconds: servers() - serversBefore,
  });
}

/** Registers the transfer, has the staging table filled while nobody reads it, and drains it. */
async function drain({ engine, follower, run, changes }: ApplyRequest): Promise<Applied> {
  const first = await follower.start(run);
  await first.live();
  await first.stop();
  const fillSeconds = await engine.change(changes, engine.source);
  await engine.settle();
  const cpu = meterCpu(follower.worker.pid);
  const following = await follower.start(run);
  await following.reached(changes.rows);
  const { startedMs, ledger } = following;
  const since = (ms: number | undefined): number => ((ms ?? Number.NaN) - startedMs) / 1000;
  return {
    following,
    cpu: cpu(),
    seconds: since(ledger.changes.at(-1)?.atMs),
    extra: { fillSeconds, firstRowSeconds: since(ledger.changes[0]?.atMs) },
  };
}

/** Changes rows while they are followed. Seconds run from the first change to the last one at the target. */
async function follow({ engine, follower, run, changes }: ApplyRequest): Promise<Applied> {
  const following = await follower.start(run);
  await following.live();
  const cpu = meterCpu(follower.worker.pid);
  const beganMs = performance.now();
  const loadSeconds = await engine.change(changes, engine.source);
  await following.reached(changes.rows);
  const seconds = ((following.ledger.changes.at(-1)?.atMs ?? Number.NaN) - beganMs) / 1000;
  return { following, cpu: cpu(), seconds, extra: { loadSeconds, lagSeconds: seconds - loadSeconds } };
}

/** Applies changes as the product does: workflow, worker, hub; ends with a cut-over, after which both sides must be equal. */
export async function measureApply(request: ApplyRequest): Promise<Omit<Measurement, 'run'>> {
  const { engine, follower, changes } = request;
  const before = loadNow();
  const memory = watchMemory(follower.worker.pid);
  try {
    const { following, cpu, seconds, extra } = await (request.case === 'live' ? follow : drain)(request);
    const after = loadNow();
    const peakBytes = await memory.stop();
    await following.cutOver();
    const rows = following.ledger.changes.at(-1)?.rows ?? 0;
    const counted = rows === changes.rows ? null : `${rows} changes were applied of ${changes.rows}`;
    const wrong = counted ?? (await engine.difference());
    return {
      case: `apply/${engine.name}/${request.case}`,
      ok: wrong === null,
      rows,
      seconds,
      ...cpu,
      peakBytes,
      load: [before, after],
      tableBytes: 0,
      extra,
      ...(wrong === null ? {} : { error: wrong }),
    };
  } finally {
    await memory.stop();
  }
}
