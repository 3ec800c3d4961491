import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../support/servers.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

describeWith(['postgres', 'nats', 'temporal'], 'what a transfer says of itself', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await createStage({ rows: 20_000, spec: { limits: { ratePerSecond: 1_000 } } });
    stage.world.worker();
    await stage.world.start();
  });

  afterAll(() => stage?.close());

  test('while it runs: rows and bytes that grow, share of the whole, rate and difference', async () => {
    const { world } = stage;
    await stage.moves(3_000);
    const first = await world.eventually('progress is sampled', async () => {
      const status = await world.status();
      return status.totals.rowsApplied > 0 ? status : undefined;
    });
    expect(first.totals).toMatchObject({ estimatedRows: stage.rows });
    expect(first.totals.bytesApplied).toBeGreaterThan(first.totals.rowsApplied);
    expect(first.health.difference).toBe(first.totals.rowsRead - first.totals.rowsApplied);
    await world.eventually('it grows', async () => {
      const { totals } = await world.status();
      return totals.rowsApplied > first.totals.rowsApplied && totals.rowsPerSecond > 0;
    });
    const shown = await world.cli('status', world.transfer);
    expect(shown.stdout).toMatch(/processed +[\d,]+ rows, [\d.]+ \w+ of about 40,000 \(\d+ %\)/);
  });

  test('at its end: the same numbers as JSON and as text', async () => {
    const { world } = stage;
    const report = await stage.endsEqual();
    const json = await world.cli('report', world.transfer, '-o', 'json');
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toEqual(report);
    expect(report).toMatchObject({
      transfer: world.transfer,
      run: 1,
      phase: 'finished',
      rows: stage.rows,
      verify: 'checksum',
      compared: 3,
      equal: 3,
      drifted: 0,
      skipped: 0,
      counts: { total: 3, byStatus: { finished: 3 } },
    });
    expect(report.elapsedMs).toBe(Date.parse(report.endedAt) - Date.parse(report.startedAt));
    expect(report.tables.map(({ table, rows, comparison }) => [table, rows, comparison])).toEqual(
      expect.arrayContaining([
        [
          'public.orders',
          20_000,
          { sourceRows: '20000', targetRows: '20000', equal: true, drift: false, basis: 'checksum' },
        ],
        [
          'public.events',
          10_000,
          { sourceRows: '10000', targetRows: '10000', equal: true, drift: false, basis: 'checksum' },
        ],
      ]),
    );
    const text = await world.cli('report', world.transfer);
    expect(text.stdout).toMatch(/moved +40,000 rows/);
    expect(text.stdout).toMatch(/checksum: 3 of 3 tables equal/);
  });
});
