import oracledb from 'oracledb';
import { captureNames } from '../../../src/databases/oracle/capture/capture-names.ts';
import { connectDescriptor, parseUrl } from '../../../src/databases/oracle/config.ts';
import { CAPTURE_DEFAULTS, type CapturePlace } from '../../../src/model/capture-spec.ts';
import type { ChangesFixture, ChangesPlace, TestWriter } from '../../contract/changes-fixture.ts';
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

async function changesPlace(partitionEvents: number): Promise<ChangesPlace> {
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

const fixture = (partitionEvents: number): ChangesFixture => ({
  concurrentWriters: true,
  place: () => changesPlace(partitionEvents),
});

export const oracleChangesFixtures = {
  partitions: fixture(1_000),
  'a heap': fixture(0),
} as const;
