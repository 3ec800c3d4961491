import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf } from '../support/docs.ts';
import { describeWith, servers } from '../support/servers.ts';
import { POSTGRESQL, type StageDatabase } from '../support/stage-databases.ts';
import { createWorld, type TransferWorld, type WorldOptions } from '../support/transfer-world.ts';

const GRANTS = blocksOf('how-to/rights.md', 'sql').find((block) => block.includes('ON sluice_capture.'));
const TABLE = 'CREATE TABLE notes (id integer PRIMARY KEY, note text)';

describeWith(
  ['postgres', 'nats', 'temporal'],
  'changes of a source that are read by a user who owns no trigger',
  () => {
    let source: StageDatabase;
    let target: StageDatabase;
    const worlds: TransferWorld[] = [];
    let reader = '';

    beforeAll(async () => {
      [source, target] = await Promise.all([
        POSTGRESQL.create(servers().postgresUrl),
        POSTGRESQL.create(servers().postgresUrl),
      ]);
      await source.query(`${TABLE}; INSERT INTO notes SELECT g, 'before' FROM generate_series(1, 50) g`);
    });

    afterAll(async () => {
      for (const world of worlds) await world.close();
      if (reader !== '') await source.query(`DROP OWNED BY "${reader}"; DROP ROLE "${reader}"`);
      await source.drop();
      await target.drop();
    });

    const createOne = async (url: string): Promise<TransferWorld> => {
      const options: WorldOptions = {
        source: url,
        target: target.url,
        capture: { tables: { 'public.*': {} } },
        spec: {
          mode: 'both',
          tables: { 'public.*': {} },
          completion: { verify: 'checksum' },
        },
      };
      const world = await createWorld(options);
      worlds.push(world);
      return world;
    };

    test('are applied and freed with the rights that docs/how-to/rights.md gives', async () => {
      const owner = await createOne(source.url);
      for (const command of ['install', 'deploy'])
        expect(await owner.cli('capture', command, 'source')).toMatchObject({ code: 0 });
      const url = new URL(source.url);
      const name = decodeURIComponent(url.pathname.slice(1));
      reader = `${name}_reader`;
      const grants = (GRANTS ?? '')
        .replaceAll('DATABASE shop', `DATABASE "${name}"`)
        .replaceAll('TO reader', `TO "${reader}"`);
      await source.query(`CREATE ROLE "${reader}" LOGIN; ${grants}`);
      url.username = reader;
      const world = await createOne(url.href);
      world.worker();
      await world.start();
      await world.eventually(
        'rows are copied',
        async () => (await target.cell('SELECT count(*) FROM notes')) === '50',
      );
      await source.query("UPDATE notes SET note = 'after' WHERE id <= 20; DELETE FROM notes WHERE id > 40");
      await world.eventually(
        'changes are there',
        async () => (await target.cell('SELECT count(*) FROM notes')) === '40',
      );
      await world.eventually(
        'events are freed',
        async () => (await source.cell('SELECT count(*) FROM sluice_capture.event_logs')) === '0',
      );
      expect((await world.cli('cut-over', world.transfer, '--wait')).code).toBe(0);
      expect(await world.result()).toMatchObject({ phase: 'finished', equal: 1 });
    });
  },
);
