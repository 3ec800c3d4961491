import { afterEach, beforeEach } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { Quarantine } from '../../src/engine/ports/quarantine.ts';
import type { ChangeLetter } from '../../src/model/change-event.ts';
import type { ParkedEvent } from '../../src/model/quarantine.ts';
import type { TestChange } from '../support/changes.ts';
import { type ChangesOf, changesOf } from './apply-changes-fixture.ts';
import type { ContractHarness, NeutralType, TestPlace } from './harness.ts';
import { never, quoteOf } from './test-tables.ts';
import { TRANSFER } from './test-transfer.ts';

export interface ParkingStage {
  readonly place: TestPlace;
  readonly target: Database;
  readonly quarantine: Quarantine;
  readonly changes: ChangesOf;
}

/**
 * Two tables of a target whose unique values are taken by rows that the source does not have, made anew for each test of the block
 * that calls it.
 */
export function parkingFixture(harness: ContractHarness, onDelete = '') {
  let place: TestPlace;
  let target: Database;
  let quarantine: Quarantine;
  let changes: ChangesOf;
  const quote = quoteOf(harness);
  const spelled = (type: NeutralType): string => harness.keyTypes?.[type] ?? harness.types[type] ?? '';

  beforeEach(async () => {
    place = await harness.place();
    target = await place.open();
    quarantine = target.quarantine!;
    const id = `${quote('id')} ${spelled('bigint')} PRIMARY KEY`;
    await place.execute(
      `CREATE TABLE ${quote('seats')} (${id}, ${quote('seat')} varchar(20) UNIQUE, ${quote('note')} varchar(20))`,
    );
    const refers = `FOREIGN KEY (${quote('of')}) REFERENCES ${quote('seats')} (${quote('id')}) ${onDelete}`;
    await place.execute(
      `CREATE TABLE ${quote('guests')} (${id}, ${quote('of')} ${spelled('bigint')}, ${quote('badge')} varchar(20) UNIQUE, ${refers})`,
    );
    await place.execute(`INSERT INTO ${quote('guests')} VALUES (99, NULL, 'taken')`);
    // Whom the source does not have: who takes a seat of his is refused.
    await place.execute(`INSERT INTO ${quote('seats')} VALUES (99, 'taken', 'foreign')`);
    await place.execute(`INSERT INTO ${quote('seats')} VALUES (98, 'taken too', 'foreign')`);
    changes = await changesOf(harness, target, [{ name: 'guests', parents: ['seats'] }, { name: 'seats' }]);
  });
  afterEach(() => place.drop());

  const seat = (operation: ChangeLetter, id: number, name = `s${id}`, note = ''): TestChange =>
    changes.event('seats', operation, [String(id), name, note]);
  const guest = (operation: ChangeLetter, id: number, of: number | null, badge = `b${id}`): TestChange =>
    changes.event('guests', operation, [String(id), of === null ? null : String(of), badge]);
  const rows = async (table = 'seats'): Promise<string[]> =>
    (
      await place.query(`SELECT * FROM ${quote(table)} WHERE ${quote('id')} < 90 ORDER BY ${quote('id')}`)
    ).map((row) =>
      row
        .map((cell) => cell ?? '-')
        .join(' ')
        .trim(),
    );
  const lift = (id = 99): Promise<void> =>
    place.execute(`DELETE FROM ${quote('seats')} WHERE ${quote('id')} = ${id}`);
  const parked = (): Promise<readonly ParkedEvent[]> =>
    quarantine.list(TRANSFER, {}, { limit: 1_000, after: null }, never());
  const told = async (): Promise<string[]> =>
    (await parked()).map(({ operation, key, state, attempts }) => `${operation} ${key} ${state} ${attempts}`);
  const later = (ms: number): void => {
    changes.parking.nowMs += ms;
  };
  const lane = async () =>
    (await target.ledger.lanes(TRANSFER, changes.batch([], 1).header.run, '(changes)', never()))[0]!;
  return {
    stage: (): ParkingStage => ({ place, target, quarantine, changes }),
    seat,
    guest,
    rows,
    lift,
    parked,
    told,
    later,
    lane,
  };
}
