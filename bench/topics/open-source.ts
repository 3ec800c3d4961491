import { createHash } from 'node:crypto';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { TopicsRelayRequest } from '../../src/engine/topics/relay-to-topics.ts';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';

export interface CapturedSource {
  readonly database: Database;
  readonly capture: ReturnType<NonNullable<Database['capture']>>;
  readonly request: Omit<TopicsRelayRequest, 'until'>;
}

const never = new AbortController().signal;

/** A PostgreSQL database with triggers on one table, `schema.name`, and a lane of its changes that go to a topic. */
export async function openCapturedSource(url: string, table: string, topic: string): Promise<CapturedSource> {
  const options = {
    maxConnections: 6,
    applicationName: 'sluice bench',
    ledger: { schema: 'sluice', prefix: '' },
  };
  const database = await postgresql.open(postgresql.parseUrl(url, {}), options);
  if (!database.capture) throw new Error('PostgreSQL without capture');
  const capture = database.capture(CAPTURE_DEFAULTS);
  await capture.triggers.install(never);
  const [schema = '', name = ''] = table.split('.');
  const described = await database.introspector.describeTables([{ schema, name }], never);
  const outcomes = await capture.triggers.deploy(
    described.map((each) => ({ table: each, spec: {} })),
    never,
  );
  const failed = outcomes.find(({ done }) => done === 'failed');
  if (failed || outcomes.length === 0) throw new Error(`${table}: ${failed?.error?.message ?? 'not there'}`);
  const tables = (await capture.triggers.captured(never)).map(({ number }) => number);
  // Another database counts its claims anew: its lane is another one at the hub, too.
  const incarnation = await capture.triggers.incarnation(never);
  const transfer = `bench-${createHash('sha256').update(incarnation).digest('hex').slice(0, 12)}`;
  await capture.changes.register(transfer, [{ lane: 1, tables }], never);
  return { database, capture, request: { transfer, lane: 1, tables, topics: { name: topic } } };
}
