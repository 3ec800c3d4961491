import pg from 'pg';
import { createTriggerManager } from '../../src/databases/postgresql/capture/triggers/create-trigger-manager.ts';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { Pool } from '../../src/databases/postgresql/pool.ts';
import { selectCapturedTables } from '../../src/engine/capture/select-captured-tables.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { DeployOutcome, TriggerManager, TriggerPlan } from '../../src/engine/ports/trigger-manager.ts';
import { CAPTURE_DEFAULTS, type CapturedTableSpec } from '../../src/model/capture-spec.ts';
import { never } from '../contract/test-tables.ts';
import { type PostgresPlace, postgresPlace } from './postgresql-harness.ts';

export const CAPTURE_PLACE = { schema: CAPTURE_DEFAULTS.schema, prefix: CAPTURE_DEFAULTS.prefix };

export interface RecordedEvent {
  readonly operation: string;
  readonly key: string | null;
  readonly old: string | null;
  readonly new: string | null;
}

export interface TriggerStage {
  readonly place: PostgresPlace;
  readonly database: Database;
  readonly triggers: TriggerManager;
  plan(tables: Tables): Promise<TriggerPlan>;
  /** Of all of these tables, and of none else. */
  deploy(tables: Tables): Promise<readonly DeployOutcome[]>;
  /** In id order. */
  events(): Promise<readonly RecordedEvent[]>;
  /** `I {"id": 1, "v": "a"}`: operation and the row that the event ends with. */
  told(): Promise<readonly string[]>;
  /** Rows by key, as events make them one after the other. */
  replayed(): Promise<readonly string[]>;
  close(): Promise<void>;
}

type Tables = Readonly<Record<string, CapturedTableSpec | false>>;

/** What a target without a table has after these events; by all columns of the key. */
export function replay(events: readonly RecordedEvent[]): readonly string[] {
  const rows = new Map<string, string>();
  for (const event of events) {
    if (event.operation === 'T') rows.clear();
    else if (event.operation === 'D') rows.delete(event.key ?? '');
    else rows.set(event.key ?? '', event.new ?? '');
  }
  return [...rows.values()].toSorted();
}

/** A database with a capture installed in it. */
export async function createTriggerStage(sql: string, attempts?: number): Promise<TriggerStage> {
  const place = await postgresPlace();
  await place.execute(sql);
  const database = await place.open();
  const pool = new Pool(postgresql.parseUrl(place.url, {}), {
    applicationName: 'sluice-test',
    maxConnections: 3,
  });
  const triggers = createTriggerManager(pool, CAPTURE_PLACE, attempts);
  await triggers.install(never());
  const select = (tables: Tables) =>
    selectCapturedTables(database, { connection: 'source', spec: { tables }, only: [] }, never());
  const events = async (): Promise<readonly RecordedEvent[]> => {
    const rows = await place.query(
      `SELECT operation, message_key, old, new FROM ${CAPTURE_PLACE.schema}.event_logs ORDER BY id`,
    );
    return rows.map(([operation, key, old, made]) => ({
      operation: operation ?? '',
      key: key ?? null,
      old: old ?? null,
      new: made ?? null,
    }));
  };
  return {
    place,
    database,
    triggers,
    plan: async (tables) => triggers.plan(await select(tables), never()),
    deploy: async (tables) => triggers.deploy(await select(tables), never()),
    events,
    told: async () =>
      (await events()).map((event) => `${event.operation} ${compact(event.new ?? event.old ?? '')}`.trim()),
    replayed: async () => replay(await events()).map(compact),
    close: async () => {
      await pool.close();
      await place.drop();
    },
  };
}

/** JSON without the blanks between its parts. */
const compact = (json: string): string => (json === '' ? '' : JSON.stringify(JSON.parse(json)));

/** A connection of an application, which stays as it was left. */
export async function applicationOf(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'the application' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
