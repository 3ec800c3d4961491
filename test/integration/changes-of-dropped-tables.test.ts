import { afterEach, beforeEach, expect, test } from 'vitest';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { capturedTables } from '../../src/engine/planning/changes-of-transfer.ts';
import { tablesOfTopics } from '../../src/engine/planning/prepare-topics.ts';
import { selectTables } from '../../src/engine/planning/select-tables.ts';
import { openTableLookup } from '../../src/engine/topics/table-lookup.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { TRANSFER } from '../contract/changes-steps.ts';
import { never } from '../contract/test-tables.ts';
import { PLACE, type PostgresChanges, postgresChanges } from '../support/postgresql-changes.ts';
import { TEST_OPTIONS } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

const SPEC: TransferSpec = {
  source: 'shop',
  hub: 'hub',
  target: 'hub',
  mode: 'changes',
  topics: {},
  tables: { 'public.*': {} },
};

describeWith(['postgres'], 'a table whose triggers are gone', () => {
  let place: PostgresChanges;
  let source: Database;
  let numbers: readonly number[];

  beforeEach(async () => {
    place = await postgresChanges();
    source = await postgresql.open(postgresql.parseUrl(place.url, {}), TEST_OPTIONS);
    numbers = [await place.captureTable('a'), await place.captureTable('b'), await place.captureTable('c')];
    const { changes } = source.capture!(PLACE);
    await changes.register(TRANSFER, [{ lane: 1, tables: numbers }], never());
  });
  afterEach(async () => {
    await source.close();
    await place.drop();
  });

  const tables = () => tablesOfTopics({ source, place: PLACE }, { transfer: TRANSFER, spec: SPEC }, never());

  test('has what was recorded of it sent to its topic, be it that the table itself is gone', async () => {
    const { triggers } = source.capture!(PLACE);
    await triggers.drop([{ schema: 'public', name: 'a' }], never());
    await place.execute('DROP TABLE b; DROP TRIGGER zzz_sluice_i ON c');
    expect(await tables()).toEqual(new Map([[1, numbers]]));
    const lookup = await openTableLookup(triggers, { topics: {}, transfer: TRANSFER }, never());
    expect(lookup.topics(numbers).map(({ table }) => table)).toEqual(['public.a', 'public.b', 'public.c']);
  });

  test('is none of a transfer that is begun', async () => {
    const { triggers } = source.capture!(PLACE);
    const names = ['a', 'b', 'c'].map((name) => ({ schema: 'public', name }));
    const selected = selectTables(SPEC, names, source);
    expect(await capturedTables({ triggers }, SPEC, selected, never())).toHaveLength(3);
    await triggers.drop([names[0]!], never());
    await expect(capturedTables({ triggers }, SPEC, selected, never())).rejects.toMatchObject({
      code: 'capture.not_deployed',
    });
  });

  test('is told of by who looks at captured tables with those that were, and is captured no more', async () => {
    const { triggers } = source.capture!(PLACE);
    await triggers.drop([{ schema: 'public', name: 'a' }], never());
    const told = async (dropped: boolean) =>
      (await triggers.captured(never(), { dropped })).map(({ table, intact }) => `${table.name} ${intact}`);
    expect(await told(false)).toEqual(['b true', 'c true']);
    expect(await told(true)).toEqual(['a false', 'b true', 'c true']);
  });
});
