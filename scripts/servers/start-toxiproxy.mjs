import { BINARIES } from './install/binaries.mjs';
import { freePorts } from './process/free-port.mjs';
import { provideBinary } from './install/install-binary.mjs';
import { startServer } from './process/server-process.mjs';
import { withFreshPorts } from './process/with-fresh-ports.mjs';

/** @typedef {import('./process/server-process.mjs').RunningServer & { apiUrl: string }} RunningToxiproxy */

/**
 * Starts a proxy that can slow, cut and drop connections; tests make its proxies through its HTTP API.
 *
 * @param {{ program?: string }} [options]
 * @returns {Promise<RunningToxiproxy>}
 */
export async function startToxiproxy(options = {}) {
  const program = options.program ?? (await provideBinary(BINARIES.toxiproxy));
  return withFreshPorts(
    undefined,
    () => freePorts(1),
    async ([port = 0]) => {
      const apiUrl = `http://127.0.0.1:${port}`;
      const isReady = () =>
        fetch(`${apiUrl}/version`, { signal: AbortSignal.timeout(1_000) }).then(({ ok }) => ok);
      const server = await startServer({
        name: 'toxiproxy',
        program,
        args: () => ['-host', '127.0.0.1', '-port', `${port}`],
        folder: undefined,
        isReady,
        stopSignal: 'SIGTERM',
        background: false,
      });
      return { ...server, apiUrl };
    },
  );
}
