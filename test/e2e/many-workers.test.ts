import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../support/servers.ts';
import type { WorkerProcess } from '../support/sluice.ts';
import { createStage, expectEqualSides, type Stage } from '../support/transfer-stage.ts';

const ROWS = 60_000;

/** What a worker counted so far of a metric, all tables and outcomes together; 0 while it serves none. */
async function counted(worker: WorkerProcess, metric: string): Promise<number> {
  const port = /"metricsPort":(\d+)/.exec(worker.output())?.[1];
  if (port === undefined) return 0;
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const values = text.split('\n').flatMap((line) => (line.startsWith(`${metric}{`) ? [line.split(' ')] : []));
  return values.reduce((sum, words) => sum + Number(words.at(-1)), 0);
}

describeWith(['postgres', 'nats', 'temporal'], 'two workers that read and two that write', () => {
  let stage: Stage;
  let readers: readonly WorkerProcess[];
  let writers: readonly WorkerProcess[];

  beforeAll(async () => {
    stage = await createStage({
      rows: ROWS,
      spec: {
        tables: { 'public.orders': {} },
        read: { rowsPerRange: 2_000, blockBytes: 16_384, creditBytes: 1_048_576, readers: 4 },
        write: { writers: 8 },
        limits: { ratePerSecond: 1_000 },
        recovery: { heartbeatTimeout: '3s' },
      },
    });
    const { world } = stage;
    world.worker('--role', 'control');
    const two = (role: string): readonly WorkerProcess[] =>
      [1, 2].map(() => world.worker('--role', role, '--metrics-port', '0'));
    [readers, writers] = [two('source'), two('target')];
    const started = () =>
      [...readers, ...writers].every((worker) => worker.output().includes('worker started'));
    await world.eventually('all workers run', started);
  });

  afterAll(() => stage?.close());

  test('share the ranges of one table, and when one of each is killed the others end what they began', async () => {
    const { world, source, target } = stage;
    await world.start();
    const all = async (workers: readonly WorkerProcess[], metric: string): Promise<boolean> =>
      (await Promise.all(workers.map((worker) => counted(worker, metric)))).every((count) => count > 0);
    await world.eventually('both read', () => all(readers, 'sluice_hub_published_batches_total'));
    await world.eventually('both write', () => all(writers, 'sluice_target_rows_total'));
    expect((await world.status()).phase).toBe('copying');
    for (const worker of [readers[0], writers[1]]) worker?.kill('SIGKILL');
    await world.change({ ratePerSecond: 0 });
    expect(await world.result()).toMatchObject({ phase: 'finished', rows: ROWS, compared: 1, equal: 1 });
    await expectEqualSides(source, target, ['orders']);
    const parts = await target.cell(
      `SELECT string_agg(DISTINCT split_part(epoch, '.', 2), ',') FROM sluice.sluice_lanes`,
    );
    expect(parts).toBe('1,2');
  });

  test('a role that has no worker is named', async () => {
    const { world } = stage;
    for (const worker of [...readers, ...writers]) worker.kill('SIGTERM');
    const doctor = await world.cli('doctor');
    // Temporal knows a worker for a while after its last poll; a queue that nobody ever polled is told at once.
    expect(doctor.stdout).toContain('workers');
    const other = await world.cli('doctor', '--task-queue', `${world.place.taskQueue}-other`);
    expect(other.stdout).toMatch(/no worker polls .*-other, .*-other-source, .*-other-target/);
  });
});
