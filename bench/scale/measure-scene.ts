import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { TRANSFER_WORKFLOW, taskQueues, transferWorkflowId } from '../../src/workflows/messages.ts';
import { treeCpuSeconds } from '../measure/process-tree.ts';
import { TRANSFER, writeConfig } from '../sluice/write-config.ts';
import { contentsOf, type ScratchDatabases, tableBytes } from '../source/scratch-databases.ts';
import { createLinks, type LinkLimits } from './links.ts';
import { startWorkers } from './workers.ts';

/** So many workers behind such links. */
export interface Scene extends LinkLimits {
  readonly workers: number;
}

export interface SceneResult extends Scene {
  readonly rows: number;
  readonly bytes: number;
  /** From the start of the workflow to its result. */
  readonly seconds: number;
  /** Of all workers together. */
  readonly cpuSeconds: number;
  /** Both sides have the same contents. */
  readonly equal: boolean;
}

export interface SceneContext {
  readonly client: Client;
  readonly address: string;
  readonly hub: string;
  readonly toxiproxy: string;
  readonly databases: ScratchDatabases;
  readonly rows: number;
}

/** What docs/how-to/run-workers.md says: two readers and four writers for each worker. */
const READERS = 2;
const WRITERS = 4;

/** Copies the table once, with every worker behind proxies of its own. */
export async function measureScene(context: SceneContext, scene: Scene): Promise<SceneResult> {
  const { client, databases } = context;
  const taskQueue = `scale-${randomUUID()}`;
  const folder = await mkdtemp(join(tmpdir(), 'sluice-scale-'));
  const servers = { source: databases.source, hub: context.hub, target: databases.target };
  await databases.freshTarget('pages-table.sql');
  const names = Array.from({ length: scene.workers }, (_, index) => `${taskQueue}-${index + 1}`);
  const links = await Promise.all(names.map((name) => createLinks(context.toxiproxy, name, servers, scene)));
  try {
    const configs: string[] = [];
    for (const [index, link] of links.entries()) {
      const place = await mkdtemp(join(folder, `${index + 1}-`));
      configs.push(
        await writeConfig(place, link, 'pages', {
          encoding: 'auto',
          verify: 'none',
          readers: READERS * scene.workers,
          writers: WRITERS * scene.workers,
          blockBytes: null,
        }),
      );
    }
    const workers = await startWorkers(client, configs, { address: context.address, taskQueue });
    const cpu = (): number => workers.pids.reduce((sum, pid) => sum + treeCpuSeconds(pid), 0);
    try {
      const cpuBefore = cpu();
      const startedMs = performance.now();
      const handle = await client.workflow.start(TRANSFER_WORKFLOW, {
        workflowId: transferWorkflowId(TRANSFER),
        taskQueue: taskQueues(taskQueue).control,
        args: [TRANSFER],
      });
      await handle.result();
      const seconds = (performance.now() - startedMs) / 1000;
      const cpuSeconds = cpu() - cpuBefore;
      const [at, to] = await Promise.all(
        [databases.source, databases.target].map((url) => contentsOf(url, 'pages')),
      );
      const bytes = await tableBytes(databases.source, 'pages');
      return { ...scene, rows: context.rows, bytes, seconds, cpuSeconds, equal: at === to };
    } finally {
      await workers.stop();
    }
  } finally {
    await Promise.all(links.map((link) => link.remove()));
    await rm(folder, { recursive: true, force: true });
  }
}
