import { loadDialect } from '../../src/databases/index.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { CAPTURE_DEFAULTS, type CapturedTableSpec } from '../../src/model/capture-spec.ts';
import { LEDGER_DEFAULTS } from '../../src/model/config.ts';

export interface DeployedCapture {
  readonly database: Database;
  readonly capture: ReturnType<NonNullable<Database['capture']>>;
  /** Numbers of the captured tables. */
  readonly tables: readonly number[];
}

const never = new AbortController().signal;

/** Opens a database and has the product make its triggers on these tables. @throws Error where one could not be made */
export async function deployCapture(
  url: string,
  specs: Readonly<Record<string, CapturedTableSpec>>,
): Promise<DeployedCapture> {
  const dialect = await loadDialect(url.slice(0, url.indexOf(':')));
  const database = await dialect.open(dialect.parseUrl(url, {}), {
    maxConnections: 6,
    applicationName: 'sluice bench',
    ledger: LEDGER_DEFAULTS,
  });
  const capture = database.capture?.(CAPTURE_DEFAULTS);
  if (!capture) throw new Error(`${dialect.name} has no capture`);
  await capture.triggers.install(never);
  const schema = database.defaultSchema ?? (dialect.capabilities.schemas ? 'public' : 'main');
  const names = Object.keys(specs).map((name) => ({ schema, name }));
  const described = await database.introspector.describeTables(names, never);
  const outcomes = await capture.triggers.deploy(
    described.map((table) => ({ table, spec: specs[table.table.name] ?? {} })),
    never,
  );
  const failed = outcomes.find(({ done }) => done === 'failed');
  if (failed || outcomes.length < names.length)
    throw new Error(`no triggers: ${failed?.error?.message ?? 'a table is not there'}`);
  const captured = await capture.triggers.captured(never);
  const tables = captured.filter(({ table }) => Object.hasOwn(specs, table.name));
  return { database, capture, tables: tables.map(({ number }) => number) };
}
