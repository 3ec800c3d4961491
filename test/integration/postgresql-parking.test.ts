import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { changesOf } from '../contract/apply-changes-fixture.ts';
import { describeParking } from '../contract/describe-parking.ts';
import { describeParkingOnce, describeParkingWithCascades } from '../contract/describe-parking-once.ts';
import { never } from '../contract/test-tables.ts';
import { TRANSFER } from '../contract/test-transfer.ts';
import { postgresPlace, type PostgresPlace, postgresqlHarness } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => {
  describeParking(postgresqlHarness);
  describeParkingOnce(postgresqlHarness);
  describeParkingWithCascades(postgresqlHarness);
});

describeWith(['postgres'], 'changes that PostgreSQL refuses at the commit', () => {
  let place: PostgresPlace;
  let target: Database;

  beforeEach(async () => {
    place = await postgresPlace();
    target = await place.open();
  });
  afterEach(() => place.drop());

  test('are found, and nothing else is set apart', async () => {
    await place.execute(`CREATE TABLE a (id int PRIMARY KEY);
      CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a DEFERRABLE INITIALLY DEFERRED)`);
    const tables = [{ name: 'b', parents: ['a'] }, { name: 'a' }];
    const changes = await changesOf(postgresqlHarness, target, tables);
    const b = (id: string, a: string | null) => changes.event('b', 'I', [id, a]);
    // The second one refers to a row that comes behind it.
    const batch = [b('1', '7'), b('2', '5'), b('3', null), changes.event('a', 'I', ['5']), b('4', '5')];
    expect(await changes.park(...batch)).toBe('applied');
    const parked = await target.quarantine!.list(TRANSFER, {}, { limit: 9, after: null }, never());
    const keys = parked.map(({ table, key }) => `${table} ${key}`);
    expect(keys).toContain('public.b {"id":"1"}');
    expect(keys).not.toContain('public.a {"id":"5"}');
    await changes.park(changes.event('a', 'I', ['7']));
    changes.parking.nowMs += 20_000;
    await changes.retry();
    const rows = await place.query('SELECT id, a FROM b ORDER BY id');
    expect(rows.map((row) => row.join(' '))).toEqual(['1 7', '2 5', '3 ', '4 5']);
  });
});
