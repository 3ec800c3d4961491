import { type Admin, ConfigResourceTypes, Kafka, KafkaJSError, logLevel } from 'kafkajs';
import { connect } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningKafka } from '../../scripts/servers/start-kafka.mjs';
import { eventually } from '../support/eventually.ts';
import { type KafkaCluster, startKafkaCluster } from '../support/kafka-cluster.ts';
import { type NatsCluster, startNatsCluster } from '../support/nats-cluster.ts';
import { describeWith } from '../support/servers.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

/** Kills the one who leads in the middle, and lets the transfer end without it. */
async function loseLeader(stage: Stage, kill: () => Promise<void>): Promise<void> {
  const { world } = stage;
  world.worker();
  await world.start();
  await stage.moves(2_000);
  await kill();
  await stage.moves(2_000);
  await stage.endsEqual();
}

describeWith(['postgres', 'nats', 'temporal'], 'a cluster of three NATS servers, each stream on all', () => {
  let cluster: NatsCluster;
  let stage: Stage;

  beforeAll(async () => {
    cluster = await startNatsCluster();
    // A stream can be made once the servers have found each other and chosen who leads.
    await eventually('the cluster has a leader', async () => {
      const leads = await Promise.all(
        cluster.servers.map(async ({ monitorUrl }) => {
          const answer = await fetch(`${monitorUrl}/jsz`);
          return ((await answer.json()) as { meta_cluster?: { leader?: string; cluster_size?: number } })
            .meta_cluster;
        }),
      );
      return leads.every((lead) => lead?.leader && lead.cluster_size === cluster.servers.length);
    });
    // Acknowledgements on their way to a leader that is lost are lost with it: what they said comes again after ackWaitMs.
    const hub = { url: cluster.url, replicas: cluster.servers.length, ackWaitMs: 2_000 };
    stage = await createStage({ hub, rows: 20_000, reserve: true });
  });

  afterAll(async () => {
    await stage?.close();
    await cluster?.stop();
  });

  /** Who leads the stream with the rows of the run; all of its servers, too. */
  const streamOfRows = async () => {
    const client = await connect({ servers: cluster.servers.map(({ url }) => url) });
    try {
      const manager = await client.jetstreamManager();
      const found = await manager.streams.list().next();
      return found.find(({ config }) => !config.name.endsWith('_CONTROL'));
    } finally {
      await client.close();
    }
  };

  test('loses the leader of the stream for good, and the transfer goes on and ends equal', () =>
    loseLeader(stage, async () => {
      const stream = await streamOfRows();
      expect(stream?.cluster?.replicas).toHaveLength(2);
      await cluster.named(stream?.cluster?.leader ?? '').kill();
    }));
});

describeWith(['postgres', 'kafka', 'temporal'], 'a cluster of three Kafka brokers, each topic on all', () => {
  let cluster: KafkaCluster;
  let stage: Stage;
  let admin: Admin;

  beforeAll(async () => {
    cluster = await startKafkaCluster();
    admin = new Kafka({ brokers: [...cluster.addresses], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await eventually('all brokers are counted', async () => {
      const { brokers } = await admin.describeCluster();
      return brokers.length === cluster.brokers.length;
    });
    stage = await createStage({
      hub: { url: cluster.url, partitions: 6, sessionTimeoutMs: 6_000 },
      rows: 20_000,
      reserve: true,
    });
  });

  afterAll(async () => {
    await stage?.close();
    await admin?.disconnect();
    await cluster?.stop();
  });

  const topicOfRows = async () =>
    (await admin.listTopics()).find((each) => each.startsWith('sluice.') && !each.endsWith('.control')) ?? '';

  const partitionsOfRows = async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [await topicOfRows()] });
    return topics[0]?.partitions ?? [];
  };

  /** So many copies must have a message before it is confirmed; all other settings stay. */
  const needInSync = async (copies: number) => {
    const resource = { type: ConfigResourceTypes.TOPIC, name: await topicOfRows() };
    const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: false });
    const configEntries = (resources[0]?.configEntries ?? [])
      .filter(({ isDefault }) => !isDefault)
      .map(({ configName: name, configValue: value }) => ({ name, value }))
      .map((entry) => (entry.name === 'min.insync.replicas' ? { ...entry, value: String(copies) } : entry));
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
  };

  let lost: RunningKafka;

  test('loses one that leads, and the transfer goes on', async () => {
    const { world } = stage;
    world.worker();
    await world.start();
    await stage.moves(2_000);
    const partitions = await partitionsOfRows();
    expect(partitions.every(({ replicas }) => replicas.length === 3)).toBe(true);
    lost = cluster.numbered(partitions[0]?.leader ?? 0);
    await lost.kill();
    await stage.moves(2_000);
  });

  test('waits and says so while too few copies are in sync, goes on with the broker and ends equal', async () => {
    const { world } = stage;
    // The client may ask the lost broker first, until the cluster no longer counts it.
    await eventually('the cluster takes the setting', async () => {
      try {
        await needInSync(3);
        return true;
      } catch (error) {
        if (error instanceof KafkaJSError) return false;
        throw error;
      }
    });
    await stage.flowing(() =>
      world.eventually('it is said that copies are missing', async () =>
        (await world.status()).health.warnings.some(
          (warning) => warning.includes('hub.transient') && warning.includes('NOT_ENOUGH_REPLICAS'),
        ),
      ),
    );
    await lost.restart();
    await eventually('all copies are in sync again', async () =>
      (await partitionsOfRows()).every(({ isr }) => isr.length === 3),
    );
    await stage.moves(2_000);
    await stage.endsEqual();
  });
});
