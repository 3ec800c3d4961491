import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** /livez: the process answers. /readyz: its workers poll Temporal. /metrics: Prometheus text. On 127.0.0.1 only. */
export async function startHealthServer(options: {
  readonly port: number;
  readonly registry: Registry;
  readonly isReady: () => boolean;
}): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(text);
    };
    if (request.method !== 'GET') return answer(405, 'only GET\n');
    switch (new URL(request.url ?? '/', 'http://localhost').pathname) {
      case '/livez':
        return answer(200, 'ok\n');
      case '/readyz':
        return options.isReady() ? answer(200, 'ready\n') : answer(503, 'not ready\n');
      case '/metrics':
        return void options.registry.metrics().then(
          (text) => answer(200, text, options.registry.contentType),
          () => answer(500, 'metrics failed\n'),
        );
      default:
        return answer(404, 'unknown\n');
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
