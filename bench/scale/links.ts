import { freePorts } from '../../scripts/servers/process/free-port.mjs';

/** What one worker's links carry. */
export interface LinkLimits {
  /** Of each connection and direction. */
  readonly bytesPerSecond: number | null;
  /** On the way to the worker: so much longer takes each answer. */
  readonly latencyMs: number;
}

/** The addresses behind which the servers are. */
export interface Links {
  readonly source: string;
  readonly hub: string;
  readonly target: string;
  remove(): Promise<void>;
}

const STREAMS = ['upstream', 'downstream'] as const;

async function ask(apiUrl: string, method: string, path: string, body?: unknown): Promise<void> {
  const answer = await fetch(`${apiUrl}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`toxiproxy: ${method} ${path}: ${answer.status} ${await answer.text()}`);
}

/**
 * A proxy of this worker's own in front of each server, with these limits; toxiproxy applies them to each connection.
 *
 * @see https://github.com/Shopify/toxiproxy#toxics
 */
export async function createLinks(
  apiUrl: string,
  worker: string,
  servers: { readonly source: string; readonly hub: string; readonly target: string },
  { bytesPerSecond, latencyMs }: LinkLimits,
): Promise<Links> {
  const ends = ['source', 'hub', 'target'] as const;
  const ports = await freePorts(ends.length);
  const links = await Promise.all(
    ends.map(async (end, index) => {
      const name = `${worker}-${end}`;
      const url = new URL(servers[end]);
      const listen = `127.0.0.1:${ports[index]}`;
      await ask(apiUrl, 'POST', '/proxies', { name, upstream: url.host, listen, enabled: true });
      const toxics = `/proxies/${name}/toxics`;
      if (latencyMs > 0)
        await ask(apiUrl, 'POST', toxics, {
          type: 'latency',
          stream: 'downstream',
          attributes: { latency: latencyMs },
        });
      if (bytesPerSecond !== null)
        for (const stream of STREAMS)
          await ask(apiUrl, 'POST', toxics, {
            type: 'bandwidth',
            name: `bandwidth-${stream}`,
            stream,
            attributes: { rate: bytesPerSecond / 1000 },
          });
      url.host = listen;
      return { end, name, url: url.href };
    }),
  );
  const urlOf = (end: (typeof ends)[number]): string => links.find((link) => link.end === end)?.url ?? '';
  return {
    source: urlOf('source'),
    hub: urlOf('hub'),
    target: urlOf('target'),
    remove: async () => {
      for (const { name } of links) await ask(apiUrl, 'DELETE', `/proxies/${name}`);
    },
  };
}
