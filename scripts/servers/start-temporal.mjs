import { join } from 'node:path';
import { BINARIES } from './install/binaries.mjs';
import { freePorts } from './process/free-port.mjs';
import { provideBinary } from './install/install-binary.mjs';
import { startServer } from './process/server-process.mjs';
import { withFreshPorts } from './process/with-fresh-ports.mjs';

/** What Sluice writes on its workflows, so that lists can be filtered by it. */
export const SEARCH_ATTRIBUTES = [
  'SluiceTransfer',
  'SluiceSource',
  'SluiceTarget',
  'SluicePhase',
  'SluiceHealth',
];

/** Temporal's own default of a day would forget a transfer that ended on Friday by Monday. */
const RETENTION_SECONDS = 7 * 24 * 3_600;

/**
 * @typedef {object} TemporalOptions
 * @property {string} [program] default: found or installed
 * @property {string} [folder] keeps the data there; default: a fresh folder, removed at the end
 * @property {readonly number[]} [ports] gRPC, UI, HTTP and metrics; default: free ones
 * @property {boolean} [background] outlives this process
 *
 * @typedef {import('./process/server-process.mjs').RunningServer & { address: string, uiUrl: string }} RunningTemporal
 */

/** @param {string} url @param {RequestInit} [init] @returns {Promise<any>} */
async function ask(url, init) {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(2_000) });
  return answer.ok ? answer.json() : null;
}

/** @param {string} httpUrl the frontend's own HTTP API */
async function keepFinishedWorkflows(httpUrl) {
  const config = { workflowExecutionRetentionTtl: `${RETENTION_SECONDS}s` };
  const answer = await ask(`${httpUrl}/api/v1/namespaces/default/update`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ config }),
  });
  return answer !== null;
}

/** Ready once the namespace knows the search attributes and answers through the UI as well. */
async function isReady(/** @type {string} */ httpUrl, /** @type {string} */ uiUrl) {
  const attributes = await ask(`${httpUrl}/cluster/namespaces/default/search-attributes`);
  const registered = Object.keys(attributes?.customAttributes ?? {});
  if (!SEARCH_ATTRIBUTES.every((name) => registered.includes(name))) return false;
  const namespace = await ask(`${uiUrl}/api/v1/namespaces/default`);
  return namespace !== null && keepFinishedWorkflows(httpUrl);
}

/** @param {string} folder @param {readonly number[]} ports @returns {string[]} */
const renderArgs = (folder, [port = 0, uiPort = 0, httpPort = 0, metricsPort = 0]) =>
  [
    'server start-dev --ip 127.0.0.1 --log-level error',
    `--port ${port} --ui-port ${uiPort} --http-port ${httpPort} --metrics-port ${metricsPort}`,
    ...SEARCH_ATTRIBUTES.map((name) => `--search-attribute ${name}=Keyword`),
  ]
    .flatMap((part) => part.split(' '))
    .concat('--db-filename', join(folder, 'temporal.db'));

/**
 * Starts a Temporal development server of its own, a real server on an SQLite file.
 *
 * @param {TemporalOptions} [options]
 * @returns {Promise<RunningTemporal>}
 */
export async function startTemporal(options = {}) {
  const program = options.program ?? (await provideBinary(BINARIES.temporal));
  return withFreshPorts(
    options.ports,
    () => freePorts(4),
    async (ports) => {
      const [port = 0, uiPort = 0, httpPort = 0] = ports;
      const uiUrl = `http://127.0.0.1:${uiPort}`;
      const server = await startServer({
        name: 'temporal',
        program,
        args: (folder) => renderArgs(folder, ports),
        folder: options.folder,
        isReady: () => isReady(`http://127.0.0.1:${httpPort}`, uiUrl),
        stopSignal: 'SIGTERM',
        background: options.background,
      });
      return { ...server, address: `127.0.0.1:${port}`, uiUrl };
    },
  );
}
