import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BINARIES } from './install/binaries.mjs';
import { freePorts } from './process/free-port.mjs';
import { provideBinary } from './install/install-binary.mjs';
import { startServer } from './process/server-process.mjs';
import { withFreshPorts } from './process/with-fresh-ports.mjs';

const isOk = (/** @type {string} */ url) =>
  fetch(url, { signal: AbortSignal.timeout(1_000) }).then((answer) => answer.ok);

/**
 * @typedef {object} NatsOptions
 * @property {string} [program] default: found or installed
 * @property {string} [folder] keeps the data there; default: a fresh folder, removed at the end
 * @property {readonly number[]} [ports] client and monitor; default: free ones
 * @property {boolean} [background] outlives this process
 * @property {boolean} [syncAlways] every message on disk before it is confirmed, as a machine that loses power needs it
 * @property {number} [maxPayloadBytes] the largest message
 * @property {string} [extraConfig] further lines of its configuration file
 *
 * @typedef {import('./process/server-process.mjs').RunningServer & { url: string, monitorUrl: string }} RunningNats
 */

/** Sluice's row blocks have 2 MiB; NATS takes up to 8 MB without a warning. */
const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;

const CONFIG = 'nats.conf';

/** @param {string} folder @param {number} port @param {number} monitorPort @param {NatsOptions} options */
function renderConfig(folder, port, monitorPort, options) {
  const store = JSON.stringify(join(folder, 'data'));
  return [
    'host: 127.0.0.1',
    `port: ${port}`,
    `http: "127.0.0.1:${monitorPort}"`,
    `max_payload: ${options.maxPayloadBytes ?? MAX_PAYLOAD_BYTES}`,
    `jetstream { store_dir: ${store}${options.syncAlways ? ', sync_interval: always' : ''} }`,
    options.extraConfig ?? '',
    '',
  ].join('\n');
}

/**
 * Starts a NATS server of its own with JetStream on files.
 *
 * @param {NatsOptions} [options]
 * @returns {Promise<RunningNats>}
 */
export async function startNats(options = {}) {
  const program = options.program ?? (await provideBinary(BINARIES.nats));
  return withFreshPorts(
    options.ports,
    () => freePorts(2),
    async ([port = 0, monitorPort = 0]) => {
      const monitorUrl = `http://127.0.0.1:${monitorPort}`;
      const server = await startServer({
        name: 'nats',
        program,
        prepare: (folder) =>
          writeFile(join(folder, CONFIG), renderConfig(folder, port, monitorPort, options)),
        args: (folder) => ['-c', join(folder, CONFIG)],
        folder: options.folder,
        isReady: () => isOk(`${monitorUrl}/healthz?js-enabled-only=true`),
        stopSignal: 'SIGTERM',
        background: options.background,
      });
      return { ...server, url: `nats://127.0.0.1:${port}`, monitorUrl };
    },
  );
}
