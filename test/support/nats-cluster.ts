import { freePorts } from '../../scripts/servers/process/free-port.mjs';
import type { RunningNats } from '../../scripts/servers/start-nats.mjs';
import { startOwnNats } from './servers.ts';

export interface NatsCluster {
  readonly servers: readonly RunningNats[];
  /** All servers in one URL, as a connection names them. */
  readonly url: string;
  /** The server of a name that the cluster gave out, as leader of a stream. */
  named(name: string): RunningNats;
  stop(): Promise<void>;
}

const nameOf = (index: number): string => `n${index}`;

/** A cluster of this test alone; its streams may have as many replicas as it has servers. */
export async function startNatsCluster(size = 3): Promise<NatsCluster> {
  const ports = await freePorts(size);
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(', ');
  const started = await Promise.allSettled(
    ports.map((port, index) =>
      startOwnNats({
        extraConfig: `server_name: ${nameOf(index)}
          cluster { name: sluice, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      }),
    ),
  );
  const servers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  const failed = started.find((each) => each.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  return {
    servers,
    url: `nats://${servers.map((server) => new URL(server.url).host).join(',')}`,
    named: (name) => {
      const index = servers.findIndex((_, each) => nameOf(each) === name);
      const server = servers[index];
      if (!server) throw new Error(`there is no server ${name}`);
      return server;
    },
    stop,
  };
}
