import { connect } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type NatsCluster, startNatsCluster } from '../support/nats-cluster.ts';
import { describeWith } from '../support/servers.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

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
    stage = await createStage({ hub, rows: 20_000 });
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

  test('loses the leader of the stream for good, and the transfer goes on and ends equal', async () => {
    const { world } = stage;
    world.worker();
    await world.start();
    await stage.moves(2_000);
    const stream = await streamOfRows();
    expect(stream?.cluster?.replicas).toHaveLength(2);
    await cluster.named(stream?.cluster?.leader ?? '').kill();
    await stage.moves(2_000);
    await stage.endsEqual();
  });
});
