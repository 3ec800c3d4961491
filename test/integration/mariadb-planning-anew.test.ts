import { createConnection } from 'mysql2/promise';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyBatch } from '../../src/engine/writing/apply-batch.ts';
import { planTable } from '../../src/engine/planning/plan-table.ts';
import type { TransferDeps } from '../../src/engine/planning/prepare-transfer.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { nats } from '../../src/hubs/nats/hub.ts';
import { never, readBlocks, smallBlocks, wholeRange } from '../contract/test-tables.ts';
import { batchOf } from '../contract/test-transfer.ts';
import { eventually } from '../support/eventually.ts';
import { type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeWith, servers } from '../support/servers.ts';

const ROWS =
  'CREATE TABLE items (id int PRIMARY KEY, note longtext); INSERT INTO items SELECT seq, seq FROM seq_1_to_20';

describeWith(
  ['mariadb', 'nats'],
  'a worker that dies, or loses the run, when it has emptied a table for another generation',
  () => {
    let from: MariadbPlace;
    let to: MariadbPlace;
    let deps: TransferDeps;
    const run = { transfer: `anew-${randomBytes(4).toString('hex')}`, run: 1 };
    beforeEach(async () => {
      [from, to] = await Promise.all([mariadbPlace(), mariadbPlace()]);
      await from.execute(ROWS);
      const hub = await nats.open(nats.parseUrl(servers().natsUrl, {}), { applicationName: 'sluice-test' });
      deps = { source: await from.open(), target: await to.open(), hub };
      await hub.topics.ensure(run, { maxBytes: 1024 * 1024 }, never());
      await deps.target.ledger.install(never());
      await goOn('first');
    });
    afterEach(async () => {
      await deps.hub.topics.remove(run, never());
      await Promise.all([deps.hub.close(), from.drop(), to.drop()]);
    });

    const plan = (spec: TransferSpec, generation: number | null, execution?: string) =>
      planTable(
        deps,
        { ...run, execution, spec, table: `${from.name}.items`, ordinal: 1, generation, snapshot: null },
        never(),
      );
    const goOn = (execution: string) =>
      deps.target.ledger.openRun({ transfer: run.transfer, execution, planHash: 'p', spec: '{}' }, never());
    const count = async () => (await to.query('SELECT COUNT(*) FROM items'))[0]?.[0];

    /** All rows of the first generation, and the end of its lane. */
    async function copyAll(table: TablePlan): Promise<void> {
      const { source, target } = deps;
      const lane = { ...run, table: table.id, generation: 1, lane: 1 };
      const { attempt, epoch } = await target.ledger.openLane(lane, never());
      const options = { ...smallBlocks, blockRows: 100 };
      const [block] = await readBlocks(source, { plan: table, range: wholeRange }, options);
      const { rows, data } = block!;
      const facts = { lane, attempt, epoch };
      await applyBatch(target.writer, table, batchOf(table, block!, { ...facts, n: 1 }), never());
      const end = { rows, bytes: data.length };
      await applyBatch(target.writer, table, batchOf(table, null, { ...facts, n: 2, end }), never());
    }

    /** Plans a newer generation, and kills the session that does when the table is empty and the plan is not written. */
    async function dieWhenEmptied(spec: TransferSpec): Promise<void> {
      const uri = to.url.replace('mariadb:', 'mysql:');
      const [reader, holder] = await Promise.all([createConnection({ uri }), createConnection({ uri })]);
      try {
        await reader.query('START TRANSACTION');
        await reader.query('SELECT * FROM items LIMIT 1');
        const planning = plan(spec, 2).then(
          () => 'planned',
          () => 'died',
        );
        const worker = await eventually('the clearing waits', async () => {
          const found = await to.query(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'TRUNCATE%' AND STATE LIKE '%metadata lock%' AND DB = DATABASE()",
          );
          return found[0]?.[0];
        });
        // Whatever comes behind the clearing waits for this.
        await holder.query('START TRANSACTION');
        await holder.query('SELECT * FROM sluice_runs FOR UPDATE');
        await reader.query('COMMIT');
        await eventually('the table is empty', async () => (await count()) === '0');
        await to.execute(`KILL ${worker}`);
        expect(await planning).toBe('died');
      } finally {
        await Promise.all([reader.end(), holder.end()]);
      }
    }

    test.each(['truncate', 'fail-if-not-empty'] as const)(
      'with %s, emptied by a worker that dies before it writes that down, is copied from its first row though nobody asks again',
      async (mode) => {
        const spec: TransferSpec = {
          source: 'a',
          hub: 'h',
          target: 'b',
          tables: { '*.*': {} },
          write: { mode },
        };
        const first = await plan(spec, null);
        expect(first).toMatchObject({ generation: 1, lanes: 1 });
        const planned = await deps.target.ledger.readTable(run.transfer, 1, first.table, never());
        await copyAll(planned!.plan);
        expect(await count()).toBe('20');
        await dieWhenEmptied(spec);

        expect(await goOn('second')).toMatchObject({ run: 1, continued: true });
        expect(await plan(spec, null)).toMatchObject({ generation: 2, lanes: 1, endedLanes: 0 });
        expect(await deps.target.ledger.lanes(run.transfer, 1, first.table, never())).toMatchObject([
          { generation: 2, lane: 1, rows: 0, ended: false },
        ]);
        // And that stands: nothing is cleared a third time.
        expect(await plan(spec, null)).toMatchObject({ generation: 2 });
      },
    );

    test('is followed by the execution that took the run meanwhile, and writes no plan into what that one has', async () => {
      const spec: TransferSpec = {
        source: 'a',
        hub: 'h',
        target: 'b',
        tables: { '*.*': {} },
        write: { mode: 'truncate' },
      };
      const { table } = await plan(spec, null, 'first');
      const planned = await deps.target.ledger.readTable(run.transfer, 1, table, never());
      await copyAll(planned!.plan);
      const reader = await createConnection({ uri: to.url.replace('mariadb:', 'mysql:') });
      try {
        await reader.query('START TRANSACTION');
        await reader.query('SELECT * FROM items LIMIT 1');
        const late = plan(spec, 2, 'first').catch((error: unknown) => error);
        await eventually('the clearing waits', async () => {
          const found = await to.query(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'TRUNCATE%' AND STATE LIKE '%metadata lock%' AND DB = DATABASE()",
          );
          return found.length > 0;
        });
        await goOn('second');
        const next = plan(spec, null, 'second');
        await reader.query('COMMIT');
        expect(await Promise.all([late, next])).toMatchObject([
          { code: 'transfer.not_running' },
          { generation: 2, endedLanes: 0 },
        ]);
      } finally {
        await reader.end();
      }
      expect(await deps.target.ledger.lanes(run.transfer, 1, table, never())).toMatchObject([
        { generation: 2, rows: 0, ended: false },
      ]);
    });

    test('is not appended twice where the first batch was on its way', async () => {
      const spec: TransferSpec = {
        source: 'a',
        hub: 'h',
        target: 'b',
        tables: { '*.*': {} },
        write: { mode: 'append' },
      };
      const { table } = await plan(spec, null);
      const planned = await deps.target.ledger.readTable(run.transfer, 1, table, never());
      const other = await createConnection({ uri: to.url.replace('mariadb:', 'mysql:') });
      const waiting = (statement: string) =>
        eventually(`"${statement}" waits`, async () => {
          const found = await to.query(
            `SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '${statement}' AND ID <> CONNECTION_ID() AND DB = DATABASE()`,
          );
          return found.length > 0;
        });
      try {
        await other.query('START TRANSACTION');
        await other.query("INSERT INTO items VALUES (20, 'of another')");
        const copying = copyAll(planned!.plan);
        await waiting('LOAD DATA%');
        // Nothing is applied yet for who asks now.
        const again = plan(spec, 2).catch((error: unknown) => error);
        await waiting('UPDATE%attempt = attempt + 1%');
        await other.query('ROLLBACK');
        expect(await again).toMatchObject({ code: 'target.not_empty' });
        await copying;
      } finally {
        await other.end();
      }
      expect(await count()).toBe('20');
      expect(await deps.target.ledger.lanes(run.transfer, 1, table, never())).toMatchObject([
        { generation: 1, rows: 20, ended: true },
      ]);
    });
  },
);
