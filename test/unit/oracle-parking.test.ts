import { describe, expect, test } from 'vitest';
import { readClaim } from '../../src/databases/oracle/capture/claims/read-claim.ts';
import { createParkingSource } from '../../src/databases/oracle/capture/parking/parking-source.ts';
import { boundStatement } from '../../src/databases/oracle/capture/parking/plain-session.ts';
import { renderClaim, renderEvents } from '../../src/databases/oracle/capture/sql/claims-sql.ts';
import {
  renderCountRetried,
  renderRetriedEvents,
} from '../../src/databases/oracle/capture/sql/parking-sql.ts';
import type { Pool } from '../../src/databases/oracle/connections/pool.ts';
import { createEventParking } from '../../src/engine/capture/parking/create-event-parking.ts';
import { never } from '../contract/test-tables.ts';
import { captured } from '../support/oracle/captured.ts';
import {
  eventToPark,
  LEASE,
  parkingServer,
  POLICY,
  standInPool,
} from '../support/oracle/parking-statements.ts';
import { type Answer, standInSession } from '../support/oracle/stand-in-driver.ts';

describe('a statement that is the same for every database', () => {
  test('has its texts and numbers as binds, names and lists of ids as they are', () => {
    const sql = `UPDATE "CDC"."SLUICE_7" SET a = 'it''s :x', b = b + 12, c = '' WHERE id IN (1, 2) AND d <= 5`;
    expect(boundStatement(sql)).toEqual({
      text: 'UPDATE "CDC"."SLUICE_7" SET a = :v0, b = b + TO_NUMBER(:v1), c = :v2 WHERE id IN (1, 2) AND d <= TO_NUMBER(:v3)',
      binds: { v0: "it's :x", v1: '12', v2: null, v3: '5' },
    });
  });

  test('is one text for whatever values it has', () => {
    const of = (text: string, count: number) =>
      boundStatement(`DELETE FROM t WHERE a = '${text}' AND n = ${count}`).text;
    expect(of('a', 1)).toBe(of('a much longer one', 123_456));
  });
});

describe('events that are set apart', () => {
  const parking = (answer: Answer) => {
    const { pool, sent } = standInPool(answer);
    return { parking: createEventParking(createParkingSource(pool, captured)), sent };
  };

  test('are stored before they are excluded, under the lock of the lane', async () => {
    const { parking: of, sent } = parking(parkingServer);
    await of.park(LEASE, { claim: 3, events: [eventToPark('4', true)], policy: POLICY }, never());
    expect(sent[0]).toContain('FOR UPDATE');
    const inserted = sent.filter((text) => text.startsWith('INSERT'));
    expect(inserted[0]).toContain(`INTO ${captured.parking.parked}`);
    expect(inserted[1]).toContain(`INTO ${captured.parking.excluded}`);
  });

  test('whose payloads are gone stop the lane', async () => {
    const { parking: of } = parking((text, binds) =>
      text.startsWith('INSERT') ? [] : parkingServer(text, binds),
    );
    const events = [eventToPark('4', true)];
    await expect(of.park(LEASE, { claim: 3, events, policy: POLICY }, never())).rejects.toMatchObject({
      code: 'capture.resync_required',
    });
  });

  test('are refused to who has lost the lane', async () => {
    const { parking: of } = parking(parkingServer);
    const seal = of.seal(
      { ...LEASE, epoch: 'old' },
      { limits: { events: 1, bytes: 1 }, policy: POLICY },
      never(),
    );
    await expect(seal).rejects.toMatchObject({ code: 'capture.lease_lost' });
  });

  test('come in a claim of their own, the next one of the lane', async () => {
    const { parking: of } = parking(parkingServer);
    expect(await of.seal(LEASE, { limits: { events: 9, bytes: 9 }, policy: POLICY }, never())).toBe(4);
  });
});

describe('a claim', () => {
  const reading = async (answer: Answer, afterId: string | null = null) => {
    const { session } = standInSession(answer);
    const pool = { take: async () => session, give: () => {}, discard: () => {} } as unknown as Pool;
    const wanted = { lease: LEASE, request: { claim: 3, afterId, blockBytes: 1_000 } };
    let text = '';
    for await (const { data } of readClaim(pool, captured, wanted, never())) text += data.toString('utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t')[0]);
  };
  const row = (id: string): readonly (string | null)[] => [
    id,
    '7',
    'I',
    '1.2.3',
    '2026-11-30 12:00:00+00',
    'SHOP',
    null,
    null,
    null,
    null,
    '{}',
    null,
  ];
  const staged: Answer = (text) => {
    if (text === renderClaim(captured)) return [['7', '4-6', '3']];
    if (text.includes(captured.parking.excluded)) return [['5']];
    if (text === renderEvents(captured, '7')) return ['4', '5', '6'].map(row);
    return text.startsWith("SELECT TO_CHAR(E.ID, 'TM9') FROM") ? [['4']] : [];
  };

  test('is read without what is excluded from it', async () => {
    expect(await reading(staged)).toEqual(['4', '6']);
  });

  test('goes on behind an event', async () => {
    const behind: Answer = (text, binds) =>
      text === renderEvents(captured, '7') ? [row('6')] : staged(text, binds);
    expect(await reading(behind, '4')).toEqual(['6']);
  });

  test('of events that are tried again has them from where they were set apart', async () => {
    const retried: Answer = (text) => {
      if (text === renderClaim(captured)) return [['7', null, '0']];
      if (text === renderCountRetried(captured)) return [['2']];
      return text === renderRetriedEvents(captured) ? [row('5'), row('8')] : [];
    };
    expect(await reading(retried)).toEqual(['5', '8']);
  });

  test('that lacks an event is not taken for whole', async () => {
    const short: Answer = (text, binds) =>
      text === renderEvents(captured, '7') ? [row('4')] : staged(text, binds);
    await expect(reading(short)).rejects.toMatchObject({ code: 'capture.resync_required' });
  });
});
