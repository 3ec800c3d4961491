import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { onPath } from './install/find-program.mjs';
import { provideKafka } from './install/install-kafka.mjs';
import { freePorts } from './process/free-port.mjs';
import { runProgram } from './process/run-program.mjs';
import { startServer } from './process/server-process.mjs';
import { withFreshPorts } from './process/with-fresh-ports.mjs';

/**
 * @typedef {object} KafkaOptions
 * @property {string} [libs] the folder of the broker's jars; default: found or installed
 * @property {string} [folder] keeps the data there; default: a fresh folder, removed at the end
 * @property {readonly number[]} [ports] of the broker and of its controller; default: free ones
 * @property {boolean} [background] outlives this process
 * @property {(ports: readonly number[]) => Readonly<Record<string, string>>} [properties] further lines of its
 *   configuration, which win
 * @property {readonly string[]} [formatArgs] for the formatting of its store: users of SCRAM
 * @property {string} [clusterId] of a cluster of several; default: one of its own
 * @property {number} [heapMegabytes] 512 by default
 * @property {boolean} [secured] nobody may ask whether it is ready: it counts as ready once it takes connections
 *
 * @typedef {import('./process/server-process.mjs').RunningServer & { brokers: string }} RunningKafka
 */

const CONFIG = 'kafka.properties';
const READY_TIMEOUT_MS = 1_000;
/**
 * Objects of half a region and more are humongous, and each of them may begin a marking of the whole heap: with regions of
 * 1 MiB, which so small a heap has by default, blocks of 2 MiB cost the broker as much again as all else that it does.
 * Kafka's documentation has 16 MiB, for a heap of 6 GiB.
 */
const COLLECTOR = ['-XX:+UseG1GC', '-XX:G1HeapRegionSize=8m'];

/** A leading hyphen would be taken for an option. */
export const newClusterId = () => Buffer.concat([Buffer.from('s'), randomBytes(15)]).toString('base64url');

/** @param {string} folder @param {readonly number[]} ports @param {Readonly<Record<string, string>>} more */
function renderConfig(folder, [port = 0, controllerPort = 0], more) {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    'offsets.topic.replication.factor': '1',
    // 50 by default, and each is made when the first consumer comes.
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    // A broker that was killed is not let in again before its old session is over, 9 s by default.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '500',
    ...more,
  };
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** Metadata, version 1, of no topic: length, api 3, version 1, correlation 1, no client id, no topics. */
const QUESTION = Buffer.from('0000000e0003000100000001ffff00000000', 'hex');

/**
 * True once the broker answers and counts itself among the brokers that take partitions.
 *
 * @param {number} port
 * @param {boolean} secured
 * @returns {Promise<boolean>}
 */
const isReady = (port, secured) =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    let answer = Buffer.alloc(0);
    const end = (/** @type {boolean} */ ready) => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(READY_TIMEOUT_MS, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('connect', () => (secured ? end(true) : socket.write(QUESTION)));
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= 12) end(answer.readInt32BE(8) > 0);
    });
  });

/**
 * Writes the configuration, and formats the store of a broker that has none yet.
 *
 * @param {{ java: string, classPath: string, folder: string, config: string, clusterId: string, args: readonly string[] }} what
 */
async function prepare({ java, classPath, folder, config, clusterId, args }) {
  const file = join(folder, CONFIG);
  await writeFile(file, config);
  if (existsSync(join(folder, 'data', 'meta.properties'))) return;
  const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file, ...args];
  await runProgram(java, ['-Xmx128m', '-cp', classPath, ...format]);
}

/**
 * Starts a Kafka broker of its own, in KRaft mode with one node.
 *
 * @param {KafkaOptions} [options]
 * @returns {Promise<RunningKafka>}
 */
export async function startKafka(options = {}) {
  const libs = options.libs ?? (await provideKafka());
  const java = onPath('java') ?? 'java';
  const classPath = join(libs, '*');
  return withFreshPorts(
    options.ports,
    () => freePorts(2),
    async (ports) => {
      const [port = 0] = ports;
      const server = await startServer({
        name: 'kafka',
        program: java,
        prepare: (folder) => {
          const config = renderConfig(folder, ports, options.properties?.(ports) ?? {});
          const clusterId = options.clusterId ?? newClusterId();
          return prepare({ java, classPath, folder, config, clusterId, args: options.formatArgs ?? [] });
        },
        args: (folder) => [
          `-Xmx${options.heapMegabytes ?? 512}m`,
          ...COLLECTOR,
          '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
          '-cp',
          classPath,
          'kafka.Kafka',
          join(folder, CONFIG),
        ],
        folder: options.folder,
        isReady: () => isReady(port, options.secured ?? false),
        stopSignal: 'SIGTERM',
        background: options.background,
      });
      return { ...server, brokers: `127.0.0.1:${port}` };
    },
  );
}
