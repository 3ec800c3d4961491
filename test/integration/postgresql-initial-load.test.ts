import { afterEach, beforeEach, expect, test } from 'vitest';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import type { CapturedTableSpec } from '../../src/model/capture-spec.ts';
import type { ChangeEvent } from '../../src/model/change-event.ts';
import { describeInitialLoad } from '../contract/describe-initial-load.ts';
import { describeLoadsAtRandom } from '../contract/describe-loads-at-random.ts';
import { loadAll, stageOf } from '../contract/load-fixture.ts';
import { never } from '../contract/test-tables.ts';
import { uniqueName } from '../support/databases.ts';
import { postgresqlLoads } from '../support/load-fixtures.ts';
import { PLACE } from '../support/postgresql-changes.ts';
import { TEST_OPTIONS } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'initial load on a real server', () => {
  describeInitialLoad(postgresqlLoads);
  describeLoadsAtRandom(postgresqlLoads);
});

describeWith(['postgres'], 'a load of PostgreSQL', () => {
  let place: Awaited<ReturnType<typeof postgresqlLoads.place>>;
  beforeEach(async () => {
    place = await postgresqlLoads.place();
  });
  afterEach(() => place.drop());

  /** Of an event and of the one that an insertion of the same row makes: all that a consumer gets, but for blanks before colons. */
  const said = ({ key, new: now, old, table }: ChangeEvent) => ({
    key,
    now: now?.replaceAll('" : ', '": '),
    old,
    table,
  });

  const captures: readonly (readonly [CapturedTableSpec['form'], CapturedTableSpec])[] = [
    [
      'row', // some of it fails on rows 2, 3 and 4
      {
        where: '10 / (n - 2) > 2',
        expressions: { part: '12 / (n - 3)', twice: 'n * 2' },
        key: { expression: `'k' || 6 / (n - 4)` },
      },
    ],
    [
      'statement',
      { where: 'n > 2', expressions: { twice: 'n * 2' }, key: { expression: `'k' || n` }, form: 'statement' },
    ],
  ];

  test.each(captures)('says what the trigger says of an inserted row, captured by %s', async (_, spec) => {
    await place.execute(
      `CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL, at timestamptz, data bytea, list text[], f real);
       INSERT INTO a SELECT i, i, '2026-01-01 00:00:00+02'::timestamptz + i * interval '1 s', '\\x00ff', '{a,"b,c"}', 1.1 FROM generate_series(1, 6) AS i`,
    );
    const stage = await stageOf(place, 'a', spec);
    await loadAll(stage, 4);
    const loaded = await stage.take();
    expect(new Set(loaded.map(({ operation }) => operation))).toEqual(new Set(['i']));
    await place.execute('CREATE TABLE kept AS SELECT * FROM a; DELETE FROM a');
    for (let id = 1; id <= 6; id += 1)
      await place.execute(`INSERT INTO a SELECT * FROM kept WHERE id = ${id}`);
    const inserted = (await stage.take()).filter(({ operation }) => operation === 'I');
    expect(inserted).toHaveLength(4);
    expect(loaded.map(said)).toEqual(inserted.map(said));
  });

  test('of a partitioned table has the rows of all partitions, in the order of the key', async () => {
    await place.execute(
      `CREATE TABLE a (id integer, n integer NOT NULL, PRIMARY KEY (id)) PARTITION BY HASH (id);
       CREATE TABLE a0 PARTITION OF a FOR VALUES WITH (MODULUS 2, REMAINDER 0);
       CREATE TABLE a1 PARTITION OF a FOR VALUES WITH (MODULUS 2, REMAINDER 1);
       INSERT INTO a SELECT i, i FROM generate_series(1, 20) AS i`,
    );
    const stage = await stageOf(place, 'a');
    expect(await loadAll(stage, 3)).toBe(20);
    const ids = (await stage.take()).map(({ new: now }) => (JSON.parse(now!) as { readonly id: number }).id);
    expect(ids).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  });

  test('with a condition that fails on a row says so, and loads what it can before', async () => {
    await place.execute('CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL)');
    await place.execute('INSERT INTO a SELECT i, i FROM generate_series(1, 9) AS i');
    const stage = await stageOf(place, 'a');
    const load = await stage.loads.open({ ...stage.wanted, where: '1 / (n - 5) >= 0' }, never());
    expect(await load.next(4, never())).toMatchObject({ state: 'more', rows: 3 });
    await expect(load.next(4, never())).rejects.toMatchObject({ code: 'capture.table_unsupported' });
    expect(await stage.loads.progress(stage.wanted.transfer, never())).toMatchObject([
      { rows: 3, isDone: false },
    ]);
  });

  test('by who may not lock its rows names the right', async () => {
    await place.execute('CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL)');
    await place.execute('INSERT INTO a VALUES (1, 1)');
    const stage = await stageOf(place, 'a');
    const user = uniqueName('reader');
    await place.execute(
      `CREATE USER ${user}; GRANT USAGE ON SCHEMA ${PLACE.schema} TO ${user};
       GRANT ALL ON ALL TABLES IN SCHEMA ${PLACE.schema} TO ${user}; GRANT ALL ON ALL SEQUENCES IN SCHEMA ${PLACE.schema} TO ${user};
       GRANT SELECT ON a TO ${user}`,
    );
    const url = new URL(place.url);
    url.username = user;
    const database = await postgresql.open(postgresql.parseUrl(url.href, {}), TEST_OPTIONS);
    try {
      const load = await database.capture!(PLACE).loads!.open(stage.wanted, never());
      const refused = load.next(5, never());
      await expect(refused).rejects.toMatchObject({
        code: 'database.permission_denied',
        details: { suggestion: `GRANT UPDATE ("id") ON "public"."a" TO "${user}";` },
      });
      await place.execute(`GRANT UPDATE (id) ON a TO ${user}`);
      expect(await load.next(5, never())).toMatchObject({ state: 'done', rows: 1 });
    } finally {
      await database.close();
      await place.execute(`DROP OWNED BY ${user}; DROP USER ${user}`);
    }
  });

  test('has a table of ours that no transfer takes for one of the application', async () => {
    await place.execute('CREATE TABLE a (id integer PRIMARY KEY)');
    await stageOf(place, 'a');
    const tables = await (await place.open()).introspector.listTables(never());
    expect(tables.map(({ table }) => table.name)).toEqual(['a']);
  });
});
