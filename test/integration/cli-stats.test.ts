import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { wholeEvents } from '../../src/engine/changes/parse-events.ts';
import type { ChangeCapture, Lease } from '../../src/engine/ports/change-capture.ts';
import { LANE, readBlocksOf, sealOne, TRANSFER } from '../contract/changes-steps.ts';
import { never } from '../contract/test-tables.ts';
import { type PostgresChanges, postgresChanges } from '../support/postgresql-changes.ts';
import { describeWith } from '../support/servers.ts';

const POLICY = { retryAfterMs: 3_600_000, tries: 5, holdForMs: 3_600_000 };

describeWith(['postgres'], 'what was moved to topics, and what was set apart, by the command', () => {
  let place: PostgresChanges;
  let changes: ChangeCapture;
  let lease: Lease;
  let folder: string;
  beforeEach(async () => {
    place = await postgresChanges();
    changes = await place.open();
    const a = await place.captureTable('a');
    await changes.register(TRANSFER, [{ lane: 1, tables: [a] }], never());
    lease = await changes.lease(LANE, never());
    folder = mkdtempSync(join(tmpdir(), 'sluice-cli-stats-'));
    const transfer = { source: 'shop', hub: 'events', target: 'events', mode: 'changes', topics: {} };
    writeFileSync(
      join(folder, 'sluice.json'),
      JSON.stringify({
        version: 1,
        connections: { shop: { url: place.url }, events: { url: 'nats://127.0.0.1:1' } },
        captures: { shop: { tables: { '*': {} } } },
        transfers: { [TRANSFER]: { ...transfer, tables: { '*': {} } } },
      }),
    );
  });
  afterEach(async () => {
    await place.drop();
    rmSync(folder, { recursive: true });
  });

  /** Runs a command line in this process. */
  async function sluice(...args: readonly string[]) {
    const written = { out: '', err: '' };
    const exit = await main([...args, '-c', 'sluice.json'], {
      environment: {},
      folder,
      out: { write: (text) => void (written.out += text) },
      err: { write: (text) => void (written.err += text) },
    });
    return { exit, ...written };
  }

  test('is told minute by minute, of a source and of one of its transfers', async () => {
    expect(await sluice('capture', 'stats', 'shop')).toMatchObject({ exit: 0, out: 'nothing was moved\n' });
    await (await place.writer()).insert('a', [1, 2]);
    const claim = await sealOne(changes, lease);
    const moved = [{ table: 'public.a', operation: 'I', events: 1200 }];
    await changes.parking!.confirm(lease, { claim, moved, lag: { seconds: 3, events: 5 } }, never());
    const { out } = await sluice('capture', 'stats', 'shop', '--since', '5m');
    expect(out).toMatch(/^minute \(UTC\) +transfer +table +operation +success +delayed/);
    expect(out).toMatch(/\d\d:\d\d +orders +public\.a +insert +1,200 +0 +0 +0 +0\n/);
    expect(out).toMatch(/\d\d:\d\d +orders +3 +5\n$/);
    const json = JSON.parse((await sluice('capture', 'stats', TRANSFER, '-o', 'json')).out) as unknown;
    expect(json).toMatchObject({
      connection: 'shop',
      counts: [{ transfer: TRANSFER, table: 'public.a', operation: 'I', success: 1200 }],
      lags: [{ transfer: TRANSFER, seconds: 3, events: 5 }],
    });
    expect(await sluice('capture', 'stats', 'shop', '--since', 'yesterday')).toMatchObject({ exit: 2 });
  });

  test('is listed, shown with what it says, tried again and given up', async () => {
    await (await place.writer()).insert('a', [1]);
    const claim = await sealOne(changes, lease);
    const [event] = (await readBlocksOf(changes, lease, { claim })).flatMap(({ data }) => [
      ...wholeEvents(data),
    ]);
    const refusal = { code: 'hub.message_too_large', message: 'too large' };
    const apart = { event: event!, table: 'public.a', key: '{"id": 1}', refusal };
    await changes.parking!.park(lease, { claim, events: [apart], policy: POLICY }, never());
    expect((await sluice('errors', 'list', TRANSFER)).out).toContain('hub.message_too_large');
    expect((await sluice('errors', 'show', TRANSFER, event!.id)).out).toContain('"n" : 0');
    expect(await sluice('errors', 'reactivate', TRANSFER)).toMatchObject({ exit: 0 });
    expect(await sluice('errors', 'discard', TRANSFER, '--yes')).toMatchObject({ exit: 0 });
    expect(await changes.parking!.marks(LANE, never())).toEqual([]);
  });
});
