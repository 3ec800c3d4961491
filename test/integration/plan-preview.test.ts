import { afterEach, beforeEach, expect, test } from 'vitest';
import { showPlan } from '../../src/cli/show/show-plan.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { planLocally } from '../../src/workers/local.ts';
import { never } from '../contract/test-tables.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';

const SOURCE = `
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%') DEFAULT 'a@b';
  CREATE TABLE parents (id int PRIMARY KEY);
  CREATE TABLE t (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent int REFERENCES parents, mail email, m mood,
    amount numeric(10,2) DEFAULT 1.5 CHECK (amount > 0), twice numeric GENERATED ALWAYS AS (amount * 2) STORED);
  CREATE INDEX t_mail ON t (mail);
  COMMENT ON TABLE t IS 'orders; and more';
  COMMENT ON COLUMN t.mail IS 'of the buyer'`;

describeWith(['postgres'], 'the plan before anything moves', () => {
  let from: PostgresPlace;
  let postgres: PostgresPlace;
  let sqlite: SqlitePlace;
  let source: Database;

  beforeEach(async () => {
    [from, postgres, sqlite] = await Promise.all([postgresPlace(), postgresPlace(), sqlitePlace()]);
    await from.execute(SOURCE);
    source = await from.open();
  });
  afterEach(() => Promise.all([from.drop(), postgres.drop(), sqlite.drop()]));

  const planned = async (target: Database, spec: Partial<TransferSpec> = {}) => {
    const whole = { source: 'a', hub: 'h', target: 'b', tables: { 'public.t': {} }, ...spec };
    const [only] = await planLocally({ source, target }, whole, never());
    if (!only?.plan || !only.preview) throw new Error('the table is not planned');
    return { ...only, plan: only.plan, preview: only.preview, text: showPlan([only]) };
  };
  const prepared = async (target: Database, { plan }: Awaited<ReturnType<typeof planned>>) => {
    const [schema] = await source.introspector.describeTables([plan.source], never());
    if (!schema) throw new Error('the test made no table');
    return target.writer.prepare({ plan, source: schema, policy: 'create-missing' }, never());
  };

  test('shows the statements of a PostgreSQL target and what they leave out, and changes nothing', async () => {
    const target = await postgres.open();
    const found = await planned(target);
    const there = "SELECT count(*) FROM pg_class WHERE relname IN ('t', 'mood')";
    expect(await postgres.query(there)).toEqual([['0']]);
    expect(found.preview.statements).toEqual([
      `CREATE TYPE public.mood AS ENUM ('sad', 'ok')`,
      expect.stringMatching(
        /^CREATE TABLE "public"\."t" \("id" bigint NOT NULL GENERATED ALWAYS AS IDENTITY, /,
      ) as string,
      `ALTER TABLE "public"."t" ALTER COLUMN "amount" SET DEFAULT (1.5)`,
      expect.stringContaining('ADD COLUMN "twice" numeric GENERATED ALWAYS AS') as string,
      `COMMENT ON TABLE "public"."t" IS 'orders; and more'`,
      `COMMENT ON COLUMN "public"."t"."mail" IS 'of the buyer'`,
    ]);
    expect(found.preview.leftOut).toEqual([
      expect.stringContaining('is of domain') as string,
      expect.stringMatching(/ADD CHECK .*"mail" ~~ '%@%'/) as string,
      expect.stringContaining(`SET DEFAULT 'a@b'`) as string,
      expect.stringMatching(
        /FOREIGN KEY \(parent\) .* its parent public.parents is not in the transfer/,
      ) as string,
    ]);
    expect(found.preview.afterRows).toEqual([
      'ALTER TABLE "public"."t" ADD CONSTRAINT "t_pkey" PRIMARY KEY ("id")',
      expect.stringContaining('CREATE INDEX "t_mail" ON "public"."t" USING btree (') as string,
      expect.stringMatching(/ADD CONSTRAINT "\w+" CHECK \(\(amount > /) as string,
    ]);
    expect(found.preview.foreignKeys).toEqual([]);
    for (const part of [
      ...found.preview.statements,
      ...found.preview.afterRows,
      ...found.preview.foreignKeys,
      ...found.preview.leftOut,
    ])
      expect(found.text).toContain(part);
    // What is shown is what is done: the same is left out, and its statements are such that this server takes them.
    expect((await prepared(target, found)).leftOut).toEqual(found.preview.leftOut.slice(0, -1));
    for (const statement of found.preview.leftOut.filter((each) => /CHECK|DEFAULT/.test(each)))
      await postgres.execute(statement);
  });

  test('shows the same for a SQLite target', async () => {
    const target = await sqlite.open();
    const found = await planned(target);
    expect(found.preview.statements).toEqual([expect.stringContaining('CREATE TABLE "t" (') as string]);
    for (const part of [
      'domain public.email',
      "LIKE|~~ '%@%'",
      'labels of the enum',
      'comment on mail',
      'comment on the table',
      'FOREIGN KEY',
      'amount >',
      'twice GENERATED',
    ])
      expect(found.preview.leftOut.join('\n')).toMatch(new RegExp(part));
    expect(found.preview.afterRows).toEqual(['CREATE INDEX "t_mail" ON "t" ("mail")']);
  });

  test('says what would be refused: rows at the target, another structure, a missing table', async () => {
    const target = await postgres.open();
    expect((await planned(target, { structure: { policy: 'verify' } })).preview.refusals).toEqual([
      expect.stringContaining('CREATE TABLE') as string,
    ]);
    await prepared(target, await planned(target));
    expect((await planned(target)).preview).toMatchObject({ statements: [], refusals: [] });
    await postgres.execute(`INSERT INTO t (mail) VALUES ('x@y')`);
    expect((await planned(target)).text).toContain(
      '✗ REFUSED until this is mended:\n    the target table holds rows',
    );
    await postgres.execute('ALTER TABLE t ALTER COLUMN mail SET NOT NULL');
    expect((await planned(target, { write: { mode: 'truncate' } })).preview.refusals).toEqual([
      'ALTER TABLE "public"."t" ALTER COLUMN "mail" DROP NOT NULL',
    ]);
    const anew = await planned(target, { structure: { policy: 'replace' } });
    expect(anew.preview.statements[0]).toBe('DROP TABLE IF EXISTS "public"."t"');
    expect(anew.preview.refusals).toEqual([]);
  });
});
