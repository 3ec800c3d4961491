import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyChanges } from '../../src/engine/changes/apply-changes.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { changesOf } from '../contract/apply-changes-fixture.ts';
import { describeDrift } from '../contract/describe-drift.ts';
import { never } from '../contract/test-tables.ts';
import { TRANSFER } from '../contract/test-transfer.ts';
import { changesPlanOf } from '../support/changes.ts';
import { postgresPlace, type PostgresPlace, postgresqlHarness } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => describeDrift(postgresqlHarness));

describeWith(['postgres'], 'what PostgreSQL tells of rows that were there', () => {
  let place: PostgresPlace;
  let target: Database;

  beforeEach(async () => {
    place = await postgresPlace();
    target = await place.open();
  });
  afterEach(() => place.drop());

  test.each([
    ['in partitions of another shape', 'PARTITION BY RANGE (id)'],
    ['under triggers that change them', ''],
  ])('is so %s', async (_, partitioned) => {
    await place.execute(`CREATE TABLE t (gone text, id int PRIMARY KEY, note text) ${partitioned};
      ALTER TABLE t DROP COLUMN gone`);
    if (partitioned !== '')
      await place.execute(`CREATE TABLE low (note text, id int NOT NULL); ALTER TABLE t ATTACH PARTITION low FOR VALUES FROM (0) TO (10);
        CREATE TABLE high PARTITION OF t FOR VALUES FROM (10) TO (20)`);
    else
      await place.execute(`CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := NEW.note || '!'; RETURN NEW; END $$;
        CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()`);
    await place.execute(`INSERT INTO t VALUES (1, 'a'), (11, 'b')`);
    const changes = await changesOf(postgresqlHarness, target, [{ name: 't' }]);
    const row = (operation: 'I' | 'U', id: number) => changes.event('t', operation, [String(id), 'new']);
    const batch = changes.batch([
      row('U', 1),
      row('U', 2),
      row('U', 11),
      row('I', 12),
      row('I', 3),
      row('U', 13),
    ]);
    const judging = {
      isStrict: false,
      transfer: TRANSFER,
      run: 1,
      copies: false,
      memory: { copied: new Map() },
      onDrift: () => undefined,
    };
    await applyChanges(target, { plan: changesPlanOf(changes.tables).changes, batch, judging }, never());
    expect(await target.drift!.counts(TRANSFER, never())).toEqual([
      { table: 'public.t', update: 2, insert: 0, delete: 0 },
    ]);
  });

  test('is one statement to constraints that cannot wait', async () => {
    await place.execute(`CREATE TABLE t (id int PRIMARY KEY, boss int REFERENCES t, badge text UNIQUE);
      INSERT INTO t VALUES (1, NULL, 'x')`);
    const changes = await changesOf(postgresqlHarness, target, [{ name: 't' }]);
    const batch = changes.batch([
      changes.event('t', 'U', ['1', null, 'y']),
      changes.event('t', 'I', ['2', null, 'x']),
      changes.event('t', 'U', ['1', '2', 'y']),
    ]);
    const { plan } = changes.tables[0]!;
    const transaction = await target.writer.begin(never());
    await transaction.advance(batch);
    const block = (line: string) => ({ rows: 1, data: Buffer.from(`${line}\n`) });
    const written = await transaction.writeGroups!(plan, [
      { expected: 'there', block: block('1\t2\ty') },
      { expected: 'absent', block: block('2\t\\N\tx') },
    ]);
    await transaction.commit();
    expect(written).toEqual([
      { rows: 1, there: 1 },
      { rows: 1, there: 0 },
    ]);
  });
});
