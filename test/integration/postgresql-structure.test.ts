import { afterEach, beforeEach, expect, test, type TestContext } from 'vitest';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { TableSchema } from '../../src/model/table-schema.ts';
import { never, planOf, sorted } from '../contract/test-tables.ts';
import { copyLane, entryOf, openRun, startTable, TRANSFER } from '../contract/test-transfer.ts';
import {
  type PostgresPlace,
  postgresPlace,
  postgresqlHarness,
  postgresUrl,
  serverMajor,
  TEST_OPTIONS,
} from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

const SOURCE = `
  CREATE SCHEMA shop;
  CREATE TYPE shop."Mood" AS ENUM ('sad', 'it''s ok');
  CREATE DOMAIN shop.amount AS numeric(10,2) NOT NULL CHECK (VALUE >= 0);
  CREATE TABLE customers (id int PRIMARY KEY);
  INSERT INTO customers VALUES (1);
  CREATE FUNCTION shop.next_code() RETURNS text LANGUAGE sql AS $$ SELECT 'c' $$;
  CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number serial,
    customer int REFERENCES customers,
    mood shop."Mood" DEFAULT 'sad',
    amount shop.amount DEFAULT 1.50,
    code text DEFAULT shop.next_code(),
    made timestamptz(3) NOT NULL DEFAULT now(),
    doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,
    tags text[] DEFAULT '{}',
    note varchar(20) CHECK (note <> 'forbidden'),
    UNIQUE (number)
  );
  CREATE INDEX orders_note ON orders (lower(note)) WHERE note IS NOT NULL;
  COMMENT ON TABLE orders IS 'what was ''ordered''';
  COMMENT ON COLUMN orders.note IS 'free text';
  INSERT INTO orders (customer, mood, note) SELECT 1, 'it''s ok', 'n' || g FROM generate_series(1, 25) g;`;

describeWith(['postgres'], 'the structure of a PostgreSQL target', () => {
  let from: PostgresPlace;
  let to: PostgresPlace;
  let source: Database;
  let target: Database;

  beforeEach(async () => {
    [from, to] = await Promise.all([postgresPlace(), postgresPlace()]);
    [source, target] = await Promise.all([from.open(), to.open()]);
  });
  afterEach(async () => {
    await Promise.all([from.drop(), to.drop()]);
  });
  const both = () => ({ source, target });
  const createOrders = async (skip: TestContext['skip']): Promise<void> => {
    skip((await serverMajor()) < 12, 'no generated columns before PostgreSQL 12');
    await from.execute(SOURCE);
  };
  const describeAt = async (database: Database): Promise<TableSchema> =>
    (await database.introspector.describeTables([{ schema: 'public', name: 'orders' }], never()))[0]!;

  test('has the collations that columns declare, and lists those that it does not know', async () => {
    await from.execute(`CREATE COLLATION odd (provider = libc, locale = 'C');
      CREATE TABLE words (id int PRIMARY KEY, plain text, a text COLLATE "C" DEFAULT 'x', b varchar(9) COLLATE "POSIX" NOT NULL, c text COLLATE odd, n name);
      CREATE TABLE keyed (word text COLLATE "POSIX" PRIMARY KEY)`);
    const outcomes = [];
    for (const table of ['words', 'keyed']) {
      const { plan, schema } = await planOf(postgresqlHarness, both(), table);
      outcomes.push(await target.writer.prepare({ plan, source: schema, policy: 'create-missing' }, never()));
    }
    const found =
      await to.query(`SELECT a.attname, c.collname FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation
      WHERE a.attrelid IN ('words'::regclass, 'keyed'::regclass) AND a.attnum > 0 ORDER BY a.attname`);
    expect(found).toEqual([
      ['a', 'C'],
      ['b', 'POSIX'],
      ['c', 'default'],
      ['n', 'C'],
      ['plain', 'default'],
      ['word', 'C'],
    ]);
    expect(outcomes.flatMap(({ leftOut }) => leftOut)).toEqual([
      'ALTER TABLE "public"."words" ALTER COLUMN "c" TYPE text COLLATE public.odd',
    ]);
  });

  test('columns, identity, defaults, enum types, generated columns and comments are made; the rest is listed', async ({
    skip,
  }) => {
    await createOrders(skip);
    const { plan, schema } = await planOf(postgresqlHarness, both(), 'orders');
    const outcome = await target.writer.prepare({ plan, source: schema, policy: 'create-missing' }, never());
    const made = await describeAt(target);
    const column = (table: TableSchema, name: string) => table.columns.find((each) => each.name === name);
    expect(outcome.done).toBe('created');
    expect(made.comment).toBe("what was 'ordered'");
    expect(column(made, 'id')).toMatchObject({ type: 'bigint', identity: 'always', nullable: false });
    expect(column(made, 'number')).toMatchObject({
      type: 'integer',
      identity: 'by-default',
      nullable: false,
    });
    expect(column(made, 'mood')).toMatchObject({
      type: 'shop."Mood"',
      enumLabels: ['sad', "it's ok"],
      default: expect.stringContaining('sad'),
    });
    expect(column(made, 'amount')).toMatchObject({ type: 'numeric(10,2)', nullable: false, default: '1.50' });
    expect(column(made, 'made')).toMatchObject({ type: 'timestamp(3) with time zone', default: 'now()' });
    expect(column(made, 'doubled')).toMatchObject({ generated: expect.stringContaining('* ') });
    expect(column(made, 'tags')).toMatchObject({ type: 'text[]', default: "'{}'::text[]" });
    expect(column(made, 'code')?.default).toBeNull();
    expect(column(made, 'note')?.comment).toBe('free text');
    const left = outcome.leftOut.join('\n');
    expect(left).toContain('shop.next_code()');
    expect(left).toContain('CHECK');
    expect(left).not.toContain('orders_note');
    expect(await target.writer.prepare({ plan, source: schema, policy: 'verify' }, never())).toMatchObject({
      done: 'verified',
    });
  });

  test('a primary key is made once the rows are there, under a name that is free, and once', async () => {
    await from.execute(
      'CREATE TABLE orders (id int PRIMARY KEY, n int UNIQUE); INSERT INTO orders VALUES (1, 2)',
    );
    await to.execute('CREATE TABLE orders_pkey (id int)');
    const started = await startTable(postgresqlHarness, both(), 'orders');
    expect((await describeAt(target)).primaryKey).toBeNull();
    // An attempt that ended before its plan was written left a table without its key.
    expect((await planOf(postgresqlHarness, both(), 'orders')).plan).toMatchObject({
      keyAfterRows: true,
      targetKey: ['id'],
    });
    await copyLane(both(), started);
    const request = { plan: started.plan, exists: true };
    const lack = await target.structure!.lacking(request, never());
    expect(lack.steps.map(({ sql }) => sql)).toEqual([
      expect.stringMatching(
        /^ALTER TABLE "public"."orders" ADD CONSTRAINT "orders_pkey_\w+" PRIMARY KEY \("id"\)$/,
      ),
      expect.stringContaining('UNIQUE'),
    ]);
    await to.execute('INSERT INTO orders VALUES (1, 3)');
    await expect(target.structure!.make(started.plan, lack.steps[0]!, never())).rejects.toMatchObject({
      code: 'target.constraint_violated',
    });
    expect(await to.query(lack.steps[0]!.finds!)).toEqual([['1', '2']]);
    await to.execute('DELETE FROM orders WHERE n = 3');
    for (const step of [...lack.steps, ...lack.steps])
      await target.structure!.make(started.plan, step, never());
    expect((await describeAt(target)).primaryKey?.columns).toEqual(['id']);
    expect((await target.structure!.lacking(request, never())).steps).toEqual([]);
  });

  test.for([
    ['an upsert finds rows by it', { write: { mode: 'upsert' } }],
    ['changes are applied by it', { mode: 'both' }],
    ['nothing is made after the rows', { structure: { policy: 'verify' } }],
  ] as const)('a primary key is made with the table where %s', async ([, spec]) => {
    await from.execute('CREATE TABLE orders (id int PRIMARY KEY)');
    const { plan, schema } = await planOf(postgresqlHarness, both(), 'orders', { spec });
    expect(plan.keyAfterRows).toBeUndefined();
    await target.writer.prepare({ plan, source: schema, policy: 'create-missing' }, never());
    expect((await describeAt(target)).primaryKey?.columns).toEqual(['id']);
  });

  test('rows with identity and generated columns arrive, and new rows get values past them', async ({
    skip,
  }) => {
    await createOrders(skip);
    const started = await startTable(postgresqlHarness, both(), 'orders');
    await copyLane(both(), started);
    await target.writer.finish(started.plan, never());
    await target.writer.finish(started.plan, never());
    const everything = 'SELECT id, number, mood, amount, doubled, made, note FROM orders';
    expect(sorted(await to.query(everything))).toEqual(sorted(await from.query(everything)));
    await to.execute(`INSERT INTO orders (made) VALUES (now()), (now())`);
    expect(await to.query('SELECT id, number FROM orders ORDER BY id DESC LIMIT 2')).toEqual([
      ['27', '27'],
      ['26', '26'],
    ]);
    await target.writer.finish(started.plan, never());
    await to.execute(`INSERT INTO orders (made) VALUES (now())`);
    expect(await to.query('SELECT max(id) FROM orders')).toEqual([['28']]);
    expect(await to.query(`SELECT reltuples::int FROM pg_class WHERE relname = 'orders'`)).toEqual([['27']]);
  });

  test.for(['auto', 'text-rows'] as const)(
    'upsert keeps identities that are given (%s)',
    async (encoding, { skip }) => {
      await createOrders(skip);
      const started = await startTable(postgresqlHarness, both(), 'orders', {
        spec: { read: { encoding }, write: { mode: 'upsert' } },
      });
      await copyLane(both(), started);
      await from.execute(
        `UPDATE orders SET note = 'changed', mood = NULL WHERE id <= 5; DELETE FROM orders WHERE id = 25`,
      );
      const { run } = await openRun(target, 'execution-2', 'plan-2');
      await target.ledger.planTable(
        { transfer: TRANSFER, run },
        entryOf(started.plan),
        { replaceBy: null },
        never(),
      );
      await copyLane(both(), { ...started, run });
      expect(
        await to.query(
          "SELECT count(*), count(*) FILTER (WHERE note = 'changed' AND mood IS NULL) FROM orders",
        ),
      ).toEqual([['25', '5']]);
    },
  );

  test('an expression of a source that would end the statement is left out and never run', async () => {
    await from.execute('CREATE TABLE orders (id int PRIMARY KEY, a int, b int)');
    await to.execute('CREATE TABLE victim (id int)');
    const { plan, schema } = await planOf(postgresqlHarness, both(), 'orders');
    const hostile = [
      '0); DROP TABLE victim; --',
      '0), ADD COLUMN x int DEFAULT (0',
      "E'\\'), DROP COLUMN b, ADD y text DEFAULT (\\''",
      '0 /* ',
      '$$0$$',
    ];
    for (const text of hostile) {
      const columns = schema.columns.map((column) =>
        column.name === 'a' ? { ...column, default: text } : column,
      );
      const outcome = await target.writer.prepare(
        { plan, source: { ...schema, columns }, policy: 'create-missing' },
        never(),
      );
      expect(outcome.leftOut.join()).toContain(text);
      expect((await describeAt(target)).columns.map(({ name, default: value }) => [name, value])).toEqual([
        ['id', null],
        ['a', null],
        ['b', null],
      ]);
      await to.execute('DROP TABLE orders');
    }
    expect(await to.query('SELECT count(*) FROM victim')).toEqual([['0']]);
  });

  test('a table that others refer to is emptied by DELETE, and refused while they have rows', async () => {
    await from.execute('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)');
    await to.execute(
      'CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE lines (o int REFERENCES orders); INSERT INTO orders VALUES (1), (2); INSERT INTO lines VALUES (2)',
    );
    const options = { spec: { write: { mode: 'truncate' } } } as const;
    await expect(startTable(postgresqlHarness, both(), 'orders', options)).rejects.toMatchObject({
      code: 'target.constraint_violated',
      details: { table: expect.stringMatching(/orders|lines/) },
    });
    expect(await to.query('SELECT count(*) FROM orders')).toEqual([['2']]);
    await to.execute('DELETE FROM lines');
    await startTable(postgresqlHarness, both(), 'orders', options);
    expect(await to.query('SELECT count(*) FROM orders')).toEqual([['0']]);
  });

  test('a partitioned target is emptied whole and loaded through its root', async () => {
    await from.execute(
      'CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 50)',
    );
    await to.execute(`CREATE TABLE orders (id int PRIMARY KEY) PARTITION BY HASH (id); CREATE TABLE o1 PARTITION OF orders FOR VALUES WITH (MODULUS 2, REMAINDER 0);
      CREATE TABLE o2 PARTITION OF orders FOR VALUES WITH (MODULUS 2, REMAINDER 1); INSERT INTO orders VALUES (7), (99)`);
    const started = await startTable(postgresqlHarness, both(), 'orders', {
      spec: { write: { mode: 'truncate' } },
    });
    await copyLane(both(), started);
    expect(await target.writer.checksum(started.plan, null, never())).toEqual(
      await source.reader.checksum(started.plan, null, never()),
    );
  });

  test('a value that the target refuses is named by column and never shown', async () => {
    await from.execute(
      `CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'top secret')`,
    );
    await to.execute('CREATE TABLE orders (id int PRIMARY KEY, note int)');
    const started = await startTable(postgresqlHarness, both(), 'orders');
    const failure = await copyLane(both(), started).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'target.value_rejected',
      details: { table: 'public.orders', column: 'note', vendorCode: '22P02' },
    });
    expect(`${String(failure)}${JSON.stringify(failure)}${(failure as Error).stack}`).not.toContain('secret');
    expect((failure as Error).cause).toBeUndefined();
  });

  test('a missing right is reported with the GRANT that mends it', async () => {
    const guest = `${from.name}_guest`;
    await from.execute(
      `CREATE TABLE orders (id int PRIMARY KEY); CREATE SCHEMA closed; CREATE ROLE "${guest}" LOGIN`,
    );
    const { plan, schema } = await planOf(postgresqlHarness, both(), 'orders');
    const limited = await postgresql.open(
      postgresql.parseUrl(postgresUrl(from.name, guest), {}),
      TEST_OPTIONS,
    );
    const refusal = (suggestion: string) => ({ code: 'database.permission_denied', details: { suggestion } });
    await expect(limited.reader.countRows(plan, never())).rejects.toMatchObject(
      refusal(`GRANT SELECT ON "public"."orders" TO "${guest}";`),
    );
    const request = {
      plan: { ...plan, target: { schema: 'fresh', name: 'orders' } },
      source: schema,
      policy: 'create-missing',
    } as const;
    await expect(limited.writer.prepare(request, never())).rejects.toMatchObject(
      refusal(`GRANT CREATE ON DATABASE ${from.name} TO ${guest};`),
    );
    const closed = { ...request, plan: { ...plan, target: { schema: 'closed', name: 'orders' } } };
    await expect(limited.writer.prepare(closed, never())).rejects.toMatchObject(
      refusal(`GRANT USAGE, CREATE ON SCHEMA "closed" TO ${guest};`),
    );
    await limited.close();
    await from.execute(`DROP ROLE "${guest}"`);
  });

  test('a type that the target lacks is refused by name', async () => {
    await from.execute('CREATE EXTENSION hstore; CREATE TABLE orders (id int PRIMARY KEY, tags hstore)');
    await expect(startTable(postgresqlHarness, both(), 'orders')).rejects.toMatchObject({
      code: 'target.structure_differs',
    });
    await to.execute('CREATE EXTENSION hstore');
    await from.execute(`INSERT INTO orders VALUES (1, 'a=>"b,c"')`);
    await copyLane(both(), await startTable(postgresqlHarness, both(), 'orders'));
    expect(await to.query('SELECT * FROM orders')).toEqual(await from.query('SELECT * FROM orders'));
  });
});
