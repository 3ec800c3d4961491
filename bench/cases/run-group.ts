import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onExit } from '../../scripts/servers/process/on-exit.mjs';
import { loadNow } from '../measure/machine.ts';
import type { Measurement } from '../measure/measurement.ts';
import { serverCpuSeconds } from '../measure/server-cpu.ts';
import { createMariadbDatabases, type MariadbDatabases } from '../source/mariadb-databases.ts';
import {
  contentsOf,
  countRows,
  createScratchDatabases,
  tableBytes,
  runSqlFile,
  type ScratchDatabases,
} from '../source/scratch-databases.ts';
import type { Case, Group, Outcome, Surroundings } from './case.ts';
import { alternate } from './choose-cases.ts';

export type Given = Pick<Surroundings, 'options' | 'client' | 'temporalAddress' | 'hub' | 'kafka'> & {
  readonly postgres: string;
  /** Empty where no chosen case needs it. */
  readonly mariadb: string;
};

interface GroupRun {
  readonly given: Given;
  readonly group: Group;
  readonly databases: ScratchDatabases;
  readonly mariadb: MariadbDatabases | null;
  readonly shared: string;
  readonly rows: number;
  readonly tableBytes: number;
  /** Of the source. */
  readonly contents: string;
}

/** With its causes: a failed workflow tells why only there. */
const explain = (error: unknown): string =>
  error instanceof Error
    ? [error.message, error.cause === undefined ? [] : explain(error.cause)].flat().join(': ')
    : String(error);

async function outcomeOf(run: GroupRun, each: Case, scratch: string): Promise<Outcome> {
  const { given, databases, mariadb, shared, rows } = run;
  try {
    return await each.run({ ...given, ...databases, mariadb, scratch, shared, rows });
  } catch (error) {
    return { seconds: 0, cpuSeconds: 0, peakBytes: 0, extra: {}, error: explain(error) };
  }
}

/** Why the target is not what it should be; null when it is. */
async function findDifference(run: GroupRun, each: Case, arrived: number): Promise<string | null> {
  if (arrived !== run.rows) return `the target has ${arrived} rows of ${run.rows}`;
  if (!each.sameContents) return null;
  const contents = await contentsOf(run.databases.target, run.group.table);
  return contents === run.contents ? null : 'the target has other contents than the source';
}

/** What the servers took since `before`. */
function serversSince(
  before: Readonly<Record<string, number>>,
): Partial<Pick<Measurement, 'serverCpuSeconds'>> {
  const after = Object.entries(serverCpuSeconds());
  if (after.length === 0) return {};
  return { serverCpuSeconds: after.reduce((sum, [name, seconds]) => sum + seconds - (before[name] ?? 0), 0) };
}

async function measureOnce(run: GroupRun, each: Case, number: number): Promise<Measurement> {
  const { databases, group, given } = run;
  const tableFile = group.table === 'wide' ? 'wide-table.sql' : 'orders-table.sql';
  await databases.freshTarget(each.tableExists ? tableFile : null);
  await run.mariadb?.freshTarget(each.tableExists);
  await delay(given.options.settleMs);
  const scratch = join(run.shared, `${each.name}-${number}`);
  await mkdir(scratch);
  const before = loadNow();
  const servers = serverCpuSeconds();
  const { arrived, error, ...outcome } = await outcomeOf(run, each, scratch);
  const after = loadNow();
  const ofServers = serversSince(servers);
  const found = await arrived?.().catch((cause: unknown) => ({ rows: 0, error: explain(cause) }));
  const rows = found?.rows ?? (await countRows(databases.target, group.table).catch(() => 0));
  const wrong = error ?? found?.error ?? (await findDifference(run, each, rows));
  await rm(scratch, { recursive: true, force: true });
  return {
    case: each.name,
    run: number,
    ok: wrong === null,
    rows,
    ...outcome,
    ...ofServers,
    load: [before, after],
    tableBytes: run.tableBytes,
    ...(wrong === null ? {} : { error: wrong }),
  };
}

/** Runs the cases of one group, alternating ours and peers, each run into an empty target. */
export async function* runGroup(
  given: Given,
  group: Group,
  cases: readonly Case[],
): AsyncGenerator<Measurement> {
  const databases = await createScratchDatabases(given.postgres);
  const shared = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const mariadb = group.name.endsWith('-mariadb') ? await createMariadbDatabases(given.mariadb) : null;
  const undo = onExit(async () => {
    await databases.drop();
    await mariadb?.drop();
    await rm(shared, { recursive: true, force: true });
  });
  try {
    const rows = group.rows(given.options);
    await runSqlFile(databases.source, group.file, rows);
    await mariadb?.fill(databases.source, shared);
    const run: GroupRun = {
      given,
      group,
      databases,
      mariadb,
      shared,
      rows,
      tableBytes: await tableBytes(databases.source, group.table),
      contents: await contentsOf(databases.source, group.table),
    };
    const order = alternate(cases.filter((each) => each.group === group.name));
    // A Java server that was just started compiles itself while it carries its first rows: a fifth of all CPU. Brokers of users run for weeks.
    for (const each of order) if (each.needs === 'kafka') await measureOnce(run, each, 0);
    for (let number = 1; number <= group.runs(given.options); number += 1) {
      const due = order.filter(({ mostRuns = number }) => number <= mostRuns);
      for (const each of due) yield await measureOnce(run, each, number);
    }
  } finally {
    await undo();
  }
}
