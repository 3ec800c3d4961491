import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import type { HealthReport } from '../../src/cli/health/health-value.ts';
import { LANE, sealOne, TRANSFER } from '../contract/changes-steps.ts';
import { never } from '../contract/test-tables.ts';
import { type PostgresChanges, postgresChanges } from '../support/postgresql-changes.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'sluice capture health', () => {
  let place: PostgresChanges;
  let folder: string;
  beforeEach(async () => {
    place = await postgresChanges();
    folder = mkdtempSync(join(tmpdir(), 'sluice-cli-health-'));
  });
  afterEach(async () => {
    await place.drop();
    rmSync(folder, { recursive: true });
  });

  const configure = (transfers: object): void =>
    writeFileSync(
      join(folder, 'sluice.json'),
      JSON.stringify({
        version: 1,
        connections: { shop: { url: place.url }, events: { url: 'nats://127.0.0.1:1' } },
        captures: { shop: { tables: { '*': {} } } },
        transfers,
      }),
    );
  const TO_TOPICS = {
    source: 'shop',
    hub: 'events',
    target: 'events',
    mode: 'changes',
    topics: {},
    tables: { '*': {} },
  };

  /** Runs the command in this process. */
  async function health(...args: readonly string[]) {
    const written = { out: '', err: '' };
    const exit = await main(['capture', 'health', 'shop', '-c', 'sluice.json', ...args], {
      environment: { TEMPORAL_ADDRESS: '127.0.0.1:1' },
      folder,
      out: { write: (text) => void (written.out += text) },
      err: { write: (text) => void (written.err += text) },
    });
    return { exit, ...written };
  }
  const report = async (...args: readonly string[]) => {
    const { exit, out } = await health('-o', 'json', ...args);
    return { exit, ...(JSON.parse(out) as HealthReport) };
  };
  const codes = ({ warnings }: HealthReport): readonly string[] => warnings.map(({ code }) => code);

  test('ends with 0 where all is well, with 4 and codes where not, and as any command where the source has no answer', async () => {
    configure({ [TRANSFER]: TO_TOPICS });
    const changes = await place.open();
    const a = await place.captureTable('a');
    await changes.register(TRANSFER, [{ lane: 1, tables: [a] }], never());
    const lease = await changes.lease(LANE, never());
    await (await place.writer()).insert('a', [1, 2]);
    await sealOne(changes, lease);
    const well = await report('--source-only');
    expect(well).toMatchObject({
      exit: 0,
      state: 'healthy',
      tables: { captured: 1, intact: 1 },
      staging: { events: 2, partitions: { there: 3 } },
      temporal: null,
      transfers: [
        {
          transfer: TRANSFER,
          configured: true,
          running: null,
          lanes: [
            { lane: 1, tables: ['public.a'], owner: lease.epoch, sealed: 1, open: 1, lag: { events: 2 } },
          ],
        },
      ],
      warnings: [],
    });
    const { exit, out } = await health('--source-only');
    expect({ exit, last: out.trimEnd().split('\n').at(-1) }).toEqual({ exit: 0, last: '✓ healthy' });

    await place.execute('ALTER TABLE a DISABLE TRIGGER zzz_sluice_u');
    const asked = await report();
    expect(asked).toMatchObject({ exit: 4, state: 'warnings', tables: { captured: 1, intact: 0 } });
    expect(codes(asked)).toEqual(['trigger.disabled', 'temporal.unreachable', 'hub.unreachable']);
    expect((await health('--source-only')).out).toMatch(
      /! trigger\.disabled {3}public\.a\n {4}changes are not recorded: disabled or invalid zzz_sluice_u\n {4}→ sluice capture plan shop/,
    );

    configure({});
    expect(codes(await report('--source-only'))).toEqual(['trigger.disabled', 'transfer.abandoned']);
    await place.execute('DROP SCHEMA sluice_capture CASCADE');
    expect(await health('--source-only')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('capture.not_installed'),
    });
  });
});
