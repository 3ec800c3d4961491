import { describe, expect, test } from 'vitest';
import { createClaimReader } from '../../src/engine/changes/claim-reader.ts';
import { systemClock } from '../../src/engine/clock.ts';
import type { Position } from '../../src/model/row-block.ts';
import type { ChangesFixture } from '../contract/changes-fixture.ts';
import { eventsOf, LANE, sealOne, tellEvent, textOf, TRANSFER, WIDE } from '../contract/changes-steps.ts';
import { never, smallBlocks, wholeRange } from '../contract/test-tables.ts';
import { changesPlanOf } from '../support/changes.ts';
import { describeProducts } from '../support/describe-products.ts';
import { mysqlChangesFixture } from '../support/mariadb-changes.ts';
import { postgresqlChanges } from '../support/postgresql-changes.ts';
import { describeWith } from '../support/servers.ts';
import { sqliteChanges } from '../support/sqlite-changes.ts';

/** A target that stands behind what a restored source knows. */
function describeBehind(fixture: ChangesFixture): void {
  /** What is read from where the target stands until nothing is pending, after so many claims were sealed of six rows. */
  const readFrom = async (after: Position, claims: number): Promise<readonly string[]> => {
    const place = await fixture.place();
    try {
      const changes = await place.open();
      const table = await place.captureTable('a');
      await changes.register(TRANSFER, [{ lane: 1, tables: [table] }], never());
      const lease = await changes.lease(LANE, never());
      const writer = await place.writer();
      for (let claim = 1; claim <= 3; claim += 1) {
        await writer.insert('a', [2 * claim - 1, 2 * claim]);
        if (claim <= claims) await sealOne(changes, lease);
      }
      const first = claims === 0 ? [] : eventsOf(await textOf(changes, lease, { claim: 1 }));
      const at = after.map((part) => (part === 'first' ? (first[0]?.id ?? '1') : part));
      const reader = createClaimReader({
        changes,
        transfer: TRANSFER,
        spec: { changes: { claimEvents: WIDE.events } },
        drain: true,
        retentionMs: 0,
        control: { overdue: () => false, progress: () => undefined },
        clock: systemClock,
      });
      const request = { plan: changesPlanOf([]), range: wholeRange, after: at };
      const told: string[] = [];
      for await (const { data } of reader.readRange(request, smallBlocks, never()))
        told.push(...eventsOf(data.toString()).map(tellEvent));
      return told;
    } finally {
      await place.drop();
    }
  };

  const lost = { code: 'capture.resync_required' };

  test('reads on behind the claims that it has as a whole', async () => {
    expect(await readFrom(['1', ''], 1)).toEqual(['I 3=0', 'I 4=0', 'I 5=0', 'I 6=0']);
  });

  test('reads the rest of a claim that it has in part', async () => {
    expect((await readFrom(['1', 'first'], 1))[0]).toBe('I 2=0');
  });

  test('is told where the source has not sealed a claim that it has', async () => {
    await expect(readFrom(['2', ''], 1)).rejects.toMatchObject(lost);
  });

  test('is told where it has a part of a claim that the source has not sealed: another one would be read behind it', async () => {
    await expect(readFrom(['2', '1'], 1)).rejects.toMatchObject(lost);
    await expect(readFrom(['1', '1'], 0)).rejects.toMatchObject(lost);
  });
}

describeWith(['postgres'], 'a target of PostgreSQL', () => describeBehind(postgresqlChanges));
describeProducts('a target', (product) => describeBehind(mysqlChangesFixture(product)));
describe('a target of SQLite', () => describeBehind(sqliteChanges()));
