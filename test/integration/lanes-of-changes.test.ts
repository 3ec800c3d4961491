import { afterEach, beforeEach, expect, test } from 'vitest';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { registerLanes } from '../../src/engine/lanes/register-lanes.ts';
import { findJoins } from '../../src/engine/lanes/table-joins.ts';
import { selectTables } from '../../src/engine/planning/select-tables.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';
import { tableId } from '../../src/model/table-name.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { never } from '../contract/test-tables.ts';
import { createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { TEST_OPTIONS } from '../support/postgresql-harness.ts';
import { describeWith, servers } from '../support/servers.ts';

const TABLES = `
  CREATE TABLE customers (id integer PRIMARY KEY);
  CREATE TABLE orders (id integer PRIMARY KEY, customer integer REFERENCES customers);
  CREATE TABLE lines (id integer PRIMARY KEY, "order" integer REFERENCES orders);
  CREATE TABLE prices (id integer PRIMARY KEY);
  CREATE TABLE notes (id integer PRIMARY KEY)`;

const SPEC = {
  source: 'source',
  hub: 'hub',
  target: 'target',
  mode: 'changes',
  tables: { 'public.*': {} },
} as const satisfies TransferSpec;

describeWith(['postgres'], 'lanes of a transfer from PostgreSQL', () => {
  let databases: readonly TestDatabase[];
  let source: Database;
  let target: Database;

  beforeEach(async () => {
    databases = await Promise.all([1, 2].map(() => createPostgresDatabase(servers().postgresUrl)));
    const opened = databases.map(({ url }) => postgresql.open(postgresql.parseUrl(url, {}), TEST_OPTIONS));
    [source, target] = (await Promise.all(opened)) as [Database, Database];
    await databases[0]?.query(TABLES);
    await capture().triggers.install(never());
    await deploy();
  });
  afterEach(async () => {
    await Promise.all([source.close(), target.close()]);
    await Promise.all(databases.map((each) => each.drop()));
  });

  const capture = () => {
    const found = source.capture?.(CAPTURE_DEFAULTS);
    if (!found) throw new Error('no capture');
    return found;
  };
  const deploy = async (): Promise<void> => {
    const names = (await source.introspector.listTables(never())).map(({ table }) => table);
    const described = await source.introspector.describeTables(names, never());
    await capture().triggers.deploy(
      described.map((table) => ({ table, spec: {} })),
      never(),
    );
  };
  const register = async (spec: TransferSpec = SPEC, isNew = false) => {
    const names = (await source.introspector.listTables(never())).map(({ table }) => table);
    const selected = selectTables(spec, names, source);
    const ids = selected.map(({ table }) => tableId(table));
    const joins = spec.topics ? [] : await findJoins({ source, target }, spec, ids, never());
    return registerLanes(capture(), { transfer: 'orders', spec, isNew, joins }, selected, never());
  };
  const lanes = async (spec?: TransferSpec, isNew?: boolean) =>
    (await register(spec, isNew)).lanes.map(({ tables }) => tables.toSorted().join(' '));

  test('have tables in one that refer to each other at the source, or where they are there at the target', async () => {
    expect(await lanes()).toEqual([
      'public.customers public.lines public.orders',
      ...['public.notes', 'public.prices'].toSorted(),
    ]);
    await databases[1]?.query(
      'CREATE TABLE notes (id integer PRIMARY KEY); CREATE TABLE prices (id integer PRIMARY KEY REFERENCES notes)',
    );
    expect(await lanes(SPEC, true)).toEqual([
      'public.customers public.lines public.orders',
      'public.notes public.prices',
    ]);
    expect(await lanes({ ...SPEC, changes: { ordering: 'transaction' } }, true)).toHaveLength(1);
    expect(await lanes({ ...SPEC, changes: { lanes: 2 } }, true)).toHaveLength(2);
    expect(await lanes({ ...SPEC, topics: {}, changes: { lanes: 9 } }, true)).toHaveLength(5);
  });

  test('are made once: a table that comes later has one of its own, and an older transfer its only one', async () => {
    const numbers = (await capture().triggers.captured(never())).map(({ number }) => number);
    await capture().changes.register('orders', [{ lane: 1, tables: numbers }], never());
    expect(await lanes()).toHaveLength(1);
    await databases[0]?.query('CREATE TABLE later (id integer PRIMARY KEY)');
    await deploy();
    expect((await lanes()).slice(1)).toEqual(['public.later']);
    expect(await lanes()).toHaveLength(2);
    await expect(register({ ...SPEC, changes: { ordering: 'transaction' } })).rejects.toMatchObject({
      code: 'config.invalid',
    });
  });

  test('are told of a foreign key that leads from one to another, and refused where the target checks it', async () => {
    await register();
    await databases[0]?.query('ALTER TABLE prices ADD CONSTRAINT late FOREIGN KEY (id) REFERENCES notes');
    const { warnings } = await register();
    expect(warnings.join()).toContain('public.prices → public.notes');
    await databases[1]?.query(
      'CREATE TABLE notes (id integer PRIMARY KEY); CREATE TABLE prices (id integer PRIMARY KEY REFERENCES notes)',
    );
    await expect(register()).rejects.toMatchObject({
      code: 'capture.lanes_parted',
      details: { table: 'public.prices' },
    });
  });

  test('are refused where a table was made and captured anew, for what changed in between nobody has', async () => {
    await register();
    await databases[0]?.query('DROP TABLE notes; CREATE TABLE notes (id integer PRIMARY KEY)');
    await deploy();
    await expect(register()).rejects.toMatchObject({ code: 'capture.resync_required' });
  });
});
