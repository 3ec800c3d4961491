import { freePorts } from '../../scripts/servers/process/free-port.mjs';

/** What a proxy does to the bytes of one direction; see toxiproxy's own page for the attributes. */
export interface Toxic {
  readonly type: 'timeout' | 'reset_peer' | 'limit_data' | 'latency' | 'slicer';
  readonly stream: 'upstream' | 'downstream';
  readonly attributes: Readonly<Record<string, number>>;
}

export interface Proxy {
  readonly port: number;
  add(toxic: Toxic): Promise<void>;
  /** Takes all toxics away. */
  heal(): Promise<void>;
}

/** A proxy of a running toxiproxy in front of a server on this machine. */
export async function createProxy(apiUrl: string, name: string, upstream: string): Promise<Proxy> {
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${apiUrl}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`toxiproxy: ${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  };
  const [port = 0] = await freePorts(1);
  await ask('POST', '/proxies', { name, upstream, listen: `127.0.0.1:${port}`, enabled: true });
  return {
    port,
    add: async (toxic) => {
      await ask('POST', `/proxies/${name}/toxics`, toxic);
    },
    heal: async () => {
      const toxics = (await ask('GET', `/proxies/${name}/toxics`)) as readonly { readonly name: string }[];
      for (const toxic of toxics) await ask('DELETE', `/proxies/${name}/toxics/${toxic.name}`);
    },
  };
}
