import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningNats } from '../../scripts/servers/start-nats.mjs';
import { uniqueName } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { createRelayStage, type RelayStage } from '../support/relay-stage.ts';
import { describeWith, startOwnNats } from '../support/servers.ts';

const SQL = 'CREATE TABLE orders (id integer PRIMARY KEY, note text)';
const ROWS = 5_000;
/** A server starts within a second, and on a busy machine within many. */
const AWAY_MS = 400_000;

describeWith(['nats', 'postgres'], 'changes in subjects of a NATS that is killed', () => {
  let server: RunningNats;
  const connections: NatsConnection[] = [];
  let stage: RelayStage;
  beforeAll(async () => {
    server = await startOwnNats();
    stage = await createRelayStage(server.url, SQL);
  });
  afterAll(async () => {
    await stage?.close();
    for (const nc of connections) await nc.close();
    await server?.stop();
  });

  /** On a connection that saw no outage. */
  const manage = async (): Promise<JetStreamManager> => {
    const nc = await connect({ servers: server.url.replace('nats://', '') });
    connections.push(nc);
    return nc.jetstreamManager();
  };

  test('go on where they were once it is back, none missing', async () => {
    const [stream, prefix] = [uniqueName('stream'), uniqueName('cdc')];
    await (await manage()).streams.add({ name: stream, subjects: [`${prefix}.>`] });
    await stage.database.query(
      `DO $$ BEGIN FOR i IN 1..${ROWS} LOOP INSERT INTO orders VALUES (i, 'new'); END LOOP; END $$`,
    );
    let claims = 0;
    const progress = (): void => {
      claims += 1;
    };
    // What is told of an outage that was longer than patience is tried again, as Temporal does.
    const running = eventually(
      'nothing is pending',
      async () => (await stage.relay({ name: `${prefix}.x` }, { events: 50, progress })).why === 'caught-up',
      AWAY_MS,
    );
    for (const until of [5, 30]) {
      await eventually(`${until} claims are in`, () => claims >= until);
      await server.kill();
      await server.restart();
    }
    await running;
    // Repeats are within the stream's window: the server has dropped them.
    const { state } = await (await manage()).streams.info(stream);
    expect(state.messages).toBe(ROWS);
    const last = await (await manage()).streams.getMessage(stream, { seq: state.last_seq });
    expect(last.json<{ new: { id: number } }>().new.id).toBe(ROWS);
  });
});
