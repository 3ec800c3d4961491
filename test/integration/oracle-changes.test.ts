import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tellEvent } from '../contract/changes-steps.ts';
import { describeChanges } from '../contract/describe-changes.ts';
import { describeParkedEvents } from '../contract/describe-parked-events.ts';
import { finishLoad, loadAll, type LoadPlace, stageOf } from '../contract/load-fixture.ts';
import { never } from '../contract/test-tables.ts';
import { oracleChangesFixtures, oracleLoadPlace } from '../support/oracle/changes.ts';

const url = process.env['SLUICE_TEST_ORACLE_URL'];

/** There is no Oracle to be had in every place: docs/how-to/run-oracle.md says how to run these. */
describe.runIf(url)(`on the Oracle of SLUICE_TEST_ORACLE_URL${url ? '' : ' (not set)'}`, () => {
  for (const [form, fixture] of Object.entries(oracleChangesFixtures)) {
    describe(`events in ${form}`, () => describeChanges(fixture));
    describe(`events in ${form} that are set apart`, () => describeParkedEvents(fixture));
  }

  describe('existing rows', () => {
    let place: LoadPlace;
    beforeEach(async () => {
      place = await oracleLoadPlace();
      await place.execute('CREATE TABLE "a" ("id" NUMBER(9) PRIMARY KEY, "n" NUMBER(9) NOT NULL)');
      await place.execute('INSERT INTO "a" SELECT LEVEL, LEVEL * 10 FROM DUAL CONNECT BY LEVEL <= 50');
    });
    afterEach(() => place.drop());
    const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

    test('are written once each, chunk by chunk in the order of the key, as the trigger writes them', async () => {
      const stage = await stageOf(place, 'a');
      expect(await loadAll(stage, 7)).toBe(50);
      const events = await stage.take();
      expect(events.map(tellEvent)).toEqual(upTo(50).map((id) => `i ${id}=${id * 10}`));
      await place.execute('DELETE FROM "a" WHERE "id" = 3');
      await place.execute('INSERT INTO "a" VALUES (3, 30)');
      const [, inserted] = await stage.take();
      expect(events[2]).toMatchObject({ key: inserted!.key, new: inserted!.new, old: null });
    });

    test('come in another order, and of a condition, where that is wanted', async () => {
      const stage = await stageOf(place, 'a', { where: '"n" > 30' });
      const order = [{ column: 'n', descending: true }];
      const wanted = { ...stage.wanted, order, where: '"n" < 80 AND "id" <> 5' };
      expect(await loadAll({ ...stage, wanted }, 2)).toBe(3);
      expect((await stage.take()).map(tellEvent)).toEqual(['i 7=70', 'i 6=60', 'i 4=40']);
    });

    test('wait for whoever is changing one of them, and come behind his change', async () => {
      const stage = await stageOf(place, 'a');
      const writer = await place.writer();
      await writer.begin();
      await writer.bump('a', 2);
      const load = await stage.loads.open(stage.wanted, never());
      expect(await load.next(10, never())).toMatchObject({ state: 'held', rows: 0 });
      await writer.commit();
      expect(await finishLoad(load, () => 10)).toBe(50);
      const told = (await stage.take()).map(tellEvent).filter((each) => / 2=/.test(each));
      expect(told.map((each) => each[0])).toEqual(['U', 'i']);
    });
  });
});
