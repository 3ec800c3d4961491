import { expect, test } from 'vitest';
import { computeTablePlan } from '../../src/engine/planning/compute-table-plan.ts';
import { describeSelection } from '../contract/describe-selection.ts';
import { never, readBlocks, wholeRange } from '../contract/test-tables.ts';
import { postgresqlHarness } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => {
  describeSelection(postgresqlHarness);

  test('what a query calls can change nothing either: the table is blocked, and the source is as it was', async () => {
    const place = await postgresqlHarness.place();
    try {
      await place.execute(
        'CREATE SEQUENCE counter; CREATE TABLE noted (a int); CREATE FUNCTION note() RETURNS int LANGUAGE sql AS $$INSERT INTO noted VALUES (1) RETURNING a$$',
      );
      const database = await place.open();
      for (const query of [`SELECT nextval('public.counter') AS a`, 'SELECT note() AS a']) {
        const table = { schema: 'public', name: 'report' };
        const source = await database.introspector.describeQuery!({ table, query, key: ['a'] }, never());
        const { dialect } = postgresqlHarness;
        const plan = computeTablePlan({
          spec: { source: 'a', hub: 'h', target: 'b', tables: {} },
          selection: { query, key: ['a'] },
          ordinal: 1,
          source: { dialect, table: source },
          target: { dialect, name: table, table: null },
        });
        const options = { rowsPerRange: 10, snapshot: null };
        const refused = { code: 'database.permission_denied', details: { vendorCode: '25006' } };
        await expect(database.reader.planRanges(plan, options, never())).rejects.toMatchObject(refused);
        await expect(readBlocks(database, { plan, range: wholeRange })).rejects.toMatchObject(refused);
        await expect(database.reader.checksum(plan, null, never())).rejects.toMatchObject(refused);
      }
      expect(await place.query('SELECT is_called::text FROM counter')).toEqual([['false']]);
      expect(await place.query('SELECT a::text FROM noted')).toEqual([]);
    } finally {
      await place.drop();
    }
  });
});
