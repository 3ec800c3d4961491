import { afterAll, beforeAll, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/servers.ts';
import type { WorkerProcess } from '../support/sluice.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

/** The database ends a silent transaction after half a minute, and its locks with it. */
const LOCKS_FREED_MS = 120_000;

describeWith(['postgres', 'nats', 'temporal'], 'a worker that is stopped and wakes again', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await createStage({ reserve: true });
  });

  afterAll(() => stage?.close());

  const inTransaction = async () =>
    Number(
      await stage.target.cell(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'",
      ),
    ) > 0;

  /** Stops it where it hurts most: a transaction of the target is open and holds locks. */
  const stopInTransaction = (worker: WorkerProcess) =>
    stage.flowing(() =>
      eventually('it is stopped within a transaction', async () => {
        worker.kill('SIGSTOP');
        if ((await inTransaction()) && (await inTransaction())) return true;
        worker.kill('SIGCONT');
        return false;
      }),
    );

  test('finds its place taken, and what it still does changes nothing', async () => {
    const { world } = stage;
    const first = world.worker();
    await world.start();
    await stage.moves(1_000);
    const second = world.worker();
    await stopInTransaction(first);
    await stage.moves(2_000, LOCKS_FREED_MS);
    first.kill('SIGCONT');
    await stage.moves(1_000);
    second.kill('SIGSTOP');
    await stage.moves(2_000, LOCKS_FREED_MS);
    second.kill('SIGCONT');
    await stage.endsEqual();
  });
});
