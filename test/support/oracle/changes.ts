import oracledb from 'oracledb';
import { captureNames } from '../../../src/databases/oracle/capture/capture-names.ts';
import { connectDescriptor, parseUrl } from '../../../src/databases/oracle/config.ts';
import { CAPTURE_DEFAULTS, type CapturePlace } from '../../../src/model/capture-spec.ts';
import type { ParkedFixture, ParkedPlace, TestWriter } from '../../contract/changes-fixture.ts';
import { apartOf } from '../../contract/changes-steps.ts';
import type { LoadPlace } from '../../contract/load-fixture.ts';
import { never } from '../../contract/test-tables.ts';
import { oraclePlace, withClient, serverUrl } from './harness.ts';

/** `partitionEvents` 0: the heap form, whatever the edition. */
const placeOf = (partitionEvents: number): CapturePlace => ({
  schema: CAPTURE_DEFAULTS.schema,
  prefix: CAPTURE_DEFAULTS.prefix,
  staging: { partitionEvents, initrans: 4 },
});

async function openWriter(url: string): Promise<TestWriter> {
  const config = parseUrl(url, {});
  const client = await oracledb.getConnection({
    user: config.user,
    password: config.password,
    connectString: connectDescriptor(config),
  });
  let isOpen = false;
  const execute = (sql: string): Promise<void> =>
    client.execute(sql, [], { autoCommit: !isOpen }).then(() => undefined);
  const end = async (how: () => Promise<void>): Promise<void> => {
    isOpen = false;
    await how();
  };
  return {
    begin: async () => {
      isOpen = true;
    },
    insert: (table, ids) =>
      execute(
        `INSERT INTO "${table}" ("id", "n") ${ids.map((id) => `SELECT ${id}, 0 FROM DUAL`).join(' UNION ALL ')}`,
      ),
    bump: (table, id) => execute(`UPDATE "${table}" SET "n" = "n" + 1 WHERE "id" = ${id}`),
    remove: (table, id) => execute(`DELETE FROM "${table}" WHERE "id" = ${id}`),
    commit: () => end(() => client.commit()),
    rollback: () => end(() => client.rollback()),
    close: () => client.close(),
  };
}

/** What installing and asking for open transactions needs, given by who may. */
const grants = (user: string): Promise<void> =>
  withClient(serverUrl(), async (client) => {
    await client.execute(`GRANT CREATE PROCEDURE, CREATE TRIGGER TO ${user}`);
    await client.execute(`GRANT SELECT ON SYS.GV_$TRANSACTION TO ${user}`);
    await client.execute(`GRANT SELECT ON SYS.DBA_2PC_PENDING TO ${user}`);
  });

async function changesPlace(partitionEvents: number): Promise<ParkedPlace> {
  const place = await oraclePlace();
  await grants(place.user);
  const at = placeOf(partitionEvents);
  const database = await place.open();
  const { triggers } = database.capture!(at);
  await triggers.install(never());
  const names = captureNames(place.user, at);
  const writers: TestWriter[] = [];
  return {
    open: async () => (await place.open()).capture!(at).changes,
    captureTable: async (name) => {
      await place.execute(`CREATE TABLE "${name}" ("id" NUMBER(9) PRIMARY KEY, "n" NUMBER(9) NOT NULL)`);
      const tables = await database.introspector.describeTables([{ schema: place.user, name }], never());
      const outcomes = await triggers.deploy(
        tables.map((table) => ({ table, spec: {} })),
        never(),
      );
      const failed = outcomes.find(({ error }) => error !== null);
      if (failed) throw new Error(JSON.stringify(failed.error));
      return (await triggers.captured(never())).find(({ table }) => table.name === name)!.number;
    },
    writer: async () => {
      const writer = await openWriter(place.url);
      writers.push(writer);
      return writer;
    },
    events: async () => Number((await place.query(`SELECT COUNT(*) FROM ${names.events}`))[0]?.[0]),
    apart: () => apartOf(database.capture!(at)),
    outdate: async () => {
      const { parking, loads, installation } = names;
      for (const table of [parking.excluded, parking.parked, parking.minutes, parking.lags, loads])
        await place.execute(`DROP TABLE ${table} PURGE`);
      await place.execute(`UPDATE ${installation} SET VERSION = 1`);
    },
    install: () => triggers.install(never()),
    age: async () => {
      const hours = `NUMTODSINTERVAL(2, 'HOUR')`;
      await place.execute(`UPDATE ${names.events} SET RECORDED_AT = RECORDED_AT - ${hours}`);
      await place.execute(`UPDATE ${names.claims} SET CONFIRMED_AT = CONFIRMED_AT - ${hours}`);
    },
    drop: async () => {
      await Promise.all(writers.map((writer) => writer.close().catch(() => undefined)));
      await place.drop();
    },
  };
}

const fixture = (partitionEvents: number): ParkedFixture => ({
  concurrentWriters: true,
  place: () => changesPlace(partitionEvents),
});

export const oracleChangesFixtures = {
  partitions: fixture(1_000),
  'a heap': fixture(0),
} as const;

/** A source whose existing rows are loaded. */
export async function oracleLoadPlace(): Promise<LoadPlace> {
  const place = await oraclePlace();
  await grants(place.user);
  const writers: TestWriter[] = [];
  return {
    capture: placeOf(1_000),
    schema: place.user,
    open: () => place.open(),
    execute: (sql) => place.execute(sql),
    query: (sql) => place.query(sql),
    writer: async () => {
      const writer = await openWriter(place.url);
      writers.push(writer);
      return writer;
    },
    drop: async () => {
      await Promise.all(writers.map((writer) => writer.close().catch(() => undefined)));
      await place.drop();
    },
  };
}
