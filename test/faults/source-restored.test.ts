import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunningPostgres } from '../../scripts/servers/start-postgres.mjs';
import { createFolder, createPostgresDatabase } from '../support/databases.ts';
import { createFollowStage, type Follower, type FollowStage } from '../support/follow-stage.ts';
import { describeWith, servers, startOwnPostgres } from '../support/servers.ts';

const run = promisify(execFile);

describeWith(['postgres', 'nats'], 'a PostgreSQL that is restored while its changes are followed', () => {
  let folder: Awaited<ReturnType<typeof createFolder>>;
  let server: RunningPostgres;
  let stage: FollowStage;

  beforeEach(async () => {
    folder = await createFolder();
    server = await startOwnPostgres({ folder: folder.path });
    stage = await createFollowStage(server.url);
  });
  afterEach(async () => {
    await stage?.close();
    await server?.stop();
    await folder?.remove();
  });

  const follow = (order: Partial<Parameters<Follower['go']>[0]> = {}): Follower => {
    const follower = stage.follower();
    follower.go({ execution: 'first', phase: 'follow', ...order });
    return follower;
  };
  const accounts = () => stage.target.query('SELECT id, balance FROM accounts ORDER BY id');

  /** While the server is down. */
  const copyFiles = async (from: string, to: string): Promise<void> => {
    await server.kill('SIGINT');
    await rm(join(folder.path, to), { recursive: true, force: true });
    await run('cp', ['-a', join(folder.path, from), join(folder.path, to)]);
    await server.restart();
  };

  test('from a copy of its files: what the target has and the source does not is told, and nothing is applied on top', async () => {
    const first = follow();
    const planned = await first.planned();
    await stage.arrives();
    await first.kill();
    await copyFiles('data', 'copy');
    const second = follow({ planned });
    await stage.arrives();
    await stage.arrives();
    await second.kill();
    const before = await accounts();
    await copyFiles('copy', 'data');
    await stage.source.query('UPDATE accounts SET balance = 5 WHERE id = 1');
    expect(await follow({ planned }).refused()).toBe('capture.resync_required');
    expect(await follow().refused()).toBe('capture.resync_required');
    expect(await accounts()).toEqual(before);
  });

  test('from a copy of its files that has all that was sealed: it goes on, and nothing is lost or doubled', async () => {
    const first = follow();
    const planned = await first.planned();
    await stage.arrives();
    await first.kill();
    await copyFiles('data', 'copy');
    await stage.source.query('UPDATE accounts SET balance = 1 WHERE id = 1'); // goes with the disk
    await copyFiles('copy', 'data');
    const second = follow({ planned });
    await stage.source.query("UPDATE lists SET list = list || '1,' WHERE k = 1");
    await stage.arrives();
    await second.kill();
    await stage.expectEqual();
    expect(await stage.listFaults()).toBe(0);
  });

  test('from a dump into another server, under its old address: that is told, though all numbers are as they were', async ({
    skip,
  }) => {
    const dump = await run('pg_dump', ['--version']).catch(() => null);
    skip(dump === null, 'there is no pg_dump');
    const first = follow();
    const planned = await first.planned();
    await stage.arrives();
    await first.kill();
    const restored = await createPostgresDatabase(servers().postgresUrl);
    try {
      const { stdout } = await run('pg_dump', ['--inserts', stage.source.url], {
        maxBuffer: 64 * 1024 * 1024,
      });
      await restored.query(stdout.replaceAll(/^\\.*$/gm, ''));
      await restored.query('UPDATE public.accounts SET balance = 5 WHERE id = 1');
      const before = await accounts();
      const { url } = restored;
      expect(await follow({ planned, source: url }).refused()).toBe('capture.resync_required');
      // Who starts it anew is told even before that, where the other server spells the triggers in another way.
      expect(await follow({ source: url }).refused()).toMatch(/^capture\.(resync_required|not_deployed)$/);
      await stage.deploy(url);
      expect(await follow({ source: url }).refused()).toBe('capture.resync_required');
      expect(await follow({ source: url, execution: 'second' }).refused()).toBe('capture.resync_required');
      expect(await accounts()).toEqual(before);
    } finally {
      await restored.drop();
    }
  });
});
