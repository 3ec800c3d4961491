import { expect } from 'vitest';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { LOAD_SQL, LOAD_TABLES } from './change-load.ts';
import { createPostgresDatabase, type TestDatabase } from './databases.ts';
import { digestSql } from './orders.ts';
import { servers } from './servers.ts';
import { createWorld, type TransferWorld, type WorldOptions } from './transfer-world.ts';

export interface ChangeStage {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly world: TransferWorld;
  /** Every list of the target is a beginning of the source's, now. */
  expectPrefixes(): Promise<void>;
  /** No difference in any table. */
  expectEqual(): Promise<void>;
  /** Events that are recorded at the source, applied or not. */
  recorded(): Promise<number>;
  close(): Promise<void>;
}

const SPEC = {
  tables: { 'public.*': {} },
  completion: { verify: 'checksum', gracePeriod: '1s' },
  recovery: { heartbeatTimeout: '5s' },
  reportingInterval: '1s',
  changes: { claimEvents: 500 },
} as const satisfies Partial<TransferSpec>;

/** Two PostgreSQL databases and a transfer whose source is captured and changed while it is copied and followed. */
export async function createChangeStage(
  options: {
    readonly spec?: Partial<TransferSpec>;
    readonly hub?: WorldOptions['hub'];
    readonly sql?: string;
  } = {},
): Promise<ChangeStage> {
  const source = await createPostgresDatabase(servers().postgresUrl);
  const target = await createPostgresDatabase(servers().postgresUrl);
  await source.query(options.sql ?? LOAD_SQL);
  const world = await createWorld({
    source: source.url,
    target: target.url,
    ...(options.hub === undefined ? {} : { hub: options.hub }),
    capture: { tables: { 'public.*': {} } },
    spec: { ...SPEC, mode: 'both', ...options.spec },
  });
  for (const command of ['install', 'deploy']) {
    const ran = await world.cli('capture', command, 'source');
    expect(ran, ran.stderr + ran.stdout).toMatchObject({ code: 0 });
  }
  const listsOf = async (database: TestDatabase): Promise<ReadonlyMap<string, string>> => {
    const rows = await database.query('SELECT k, list FROM lists');
    return new Map(rows.map(([k, list]) => [k ?? '', list ?? '']));
  };
  return {
    source,
    target,
    world,
    expectPrefixes: async () => {
      const copied = await listsOf(target);
      // Asked after: what the target has by then, the source had before.
      const lists = await listsOf(source);
      for (const [k, list] of copied) expect(lists.get(k)?.startsWith(list), `list ${k}`).toBe(true);
    },
    expectEqual: async () => {
      for (const table of LOAD_TABLES)
        expect(await target.cell(digestSql(table)), table).toBe(await source.cell(digestSql(table)));
    },
    recorded: async () => Number(await source.cell('SELECT count(*) FROM sluice_capture.event_logs')),
    close: async () => {
      await world.close();
      await source.drop();
      await target.drop();
    },
  };
}
