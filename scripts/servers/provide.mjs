import { BINARIES } from './install/binaries.mjs';
import { provideBinary } from './install/install-binary.mjs';
import { provideChromium } from './install/install-chromium.mjs';
import { provideKafka } from './install/install-kafka.mjs';
import { provideMariadb } from './install/install-mariadb.mjs';
import { provideMysql } from './install/install-mysql.mjs';
import { providePlsqlParser } from './install/install-plsql-parser.mjs';
import { providePostgres } from './install/install-postgres.mjs';
import { startKafka } from './start-kafka.mjs';
import { startMariadb } from './start-mariadb.mjs';
import { startMysql } from './start-mysql.mjs';
import { startNats } from './start-nats.mjs';
import { startPostgres } from './start-postgres.mjs';
import { startTemporal } from './start-temporal.mjs';

/**
 * What tests, benchmarks and the demo find in their environment about one kind of server.
 *
 * @typedef {Readonly<Record<string, string>>} Variables
 *
 * @typedef {object} StartOptions
 * @property {string} [folder] keeps the data there
 * @property {readonly number[]} [ports]
 * @property {boolean} [background]
 *
 * @typedef {object} Started
 * @property {import('./process/server-process.mjs').RunningServer} server
 * @property {Variables} variables
 *
 * @typedef {object} Kind
 * @property {string} [address] the variable that names a server which runs already
 * @property {() => Promise<string>} install resolves to the program, for PostgreSQL, Kafka and the parser of PL/SQL to a folder of theirs
 * @property {string} program the variable for what `install` resolves to
 * @property {(program: string, options: StartOptions) => Promise<Started>} [start]
 */

/** @type {Record<'temporal' | 'nats' | 'kafka' | 'postgres' | 'toxiproxy' | 'mariadb' | 'mysql' | 'chromium' | 'plsql', Kind>} */
export const KINDS = {
  temporal: {
    address: 'SLUICE_TEST_TEMPORAL_ADDRESS',
    install: () => provideBinary(BINARIES.temporal),
    program: 'SLUICE_TEST_TEMPORAL_BIN',
    start: async (program, options) => {
      const server = await startTemporal({ ...options, program });
      const variables = {
        SLUICE_TEST_TEMPORAL_ADDRESS: server.address,
        SLUICE_TEST_TEMPORAL_UI: server.uiUrl,
      };
      return { server, variables };
    },
  },
  nats: {
    address: 'SLUICE_TEST_NATS_URL',
    install: () => provideBinary(BINARIES.nats),
    program: 'SLUICE_TEST_NATS_BIN',
    start: async (program, options) => {
      const server = await startNats({ ...options, program });
      const variables = { SLUICE_TEST_NATS_URL: server.url, SLUICE_TEST_NATS_MONITOR: server.monitorUrl };
      return { server, variables };
    },
  },
  kafka: {
    address: 'SLUICE_TEST_KAFKA_BROKERS',
    install: provideKafka,
    program: 'SLUICE_TEST_KAFKA_LIBS',
    start: async (libs, options) => {
      const server = await startKafka({ ...options, libs });
      return { server, variables: { SLUICE_TEST_KAFKA_BROKERS: server.brokers } };
    },
  },
  postgres: {
    address: 'SLUICE_TEST_POSTGRES_URL',
    install: providePostgres,
    program: 'SLUICE_TEST_POSTGRES_BIN',
    start: async (binFolder, options) => {
      const server = await startPostgres({ ...options, binFolder });
      return { server, variables: { SLUICE_TEST_POSTGRES_URL: server.url } };
    },
  },
  mariadb: {
    address: 'SLUICE_TEST_MARIADB_URL',
    install: provideMariadb,
    program: 'SLUICE_TEST_MARIADB_BIN',
    start: async (program, options) => {
      const server = await startMariadb({ ...options, program });
      return { server, variables: { SLUICE_TEST_MARIADB_URL: server.url } };
    },
  },
  mysql: {
    address: 'SLUICE_TEST_MYSQL_URL',
    install: provideMysql,
    program: 'SLUICE_TEST_MYSQL_BIN',
    start: async (program, options) => {
      const server = await startMysql({ ...options, program });
      return { server, variables: { SLUICE_TEST_MYSQL_URL: server.url } };
    },
  },
  toxiproxy: {
    install: () => provideBinary(BINARIES.toxiproxy),
    program: 'SLUICE_TEST_TOXIPROXY_BIN',
  },
  chromium: {
    install: provideChromium,
    program: 'SLUICE_TEST_CHROMIUM_BIN',
  },
  plsql: {
    install: providePlsqlParser,
    program: 'SLUICE_TEST_PLSQL_LIBS',
  },
};

/** @typedef {keyof typeof KINDS} KindName */

/** @type {ReadonlySet<KindName>} */
const OPTIONAL = new Set(['mariadb', 'mysql', 'kafka', 'toxiproxy', 'chromium', 'plsql']);

/**
 * Its newest build may want what this machine has not: no other test goes without its server for that.
 *
 * @type {ReadonlySet<string>}
 */
const UNSURE = new Set(['mysql']);

/** @param {string} text @returns {text is KindName} */
const isKind = (text) => Object.hasOwn(KINDS, text);

/**
 * @param {string} list "temporal,nats"
 * @returns {KindName[]}
 */
export function parseKinds(list) {
  const names = list.split(',').filter((name) => name !== '');
  const unknown = names.filter((name) => !isKind(name));
  if (unknown.length > 0 || names.length === 0) {
    throw new Error(`--with takes some of ${Object.keys(KINDS).join(',')}, not "${unknown.join(',')}"`);
  }
  return names.filter(isKind);
}

/**
 * Installs what is missing, side by side. What only some tests need may fail: those are skipped then, or fail in CI.
 *
 * @param {readonly KindName[]} names
 * @param {(line: string) => void} say
 * @returns {Promise<Partial<Record<KindName, string>>>} where each program is
 */
export async function installAll(names, say) {
  const results = await Promise.allSettled(names.map(async (name) => KINDS[name].install()));
  /** @type {Partial<Record<KindName, string>>} */
  const programs = {};
  /** @type {string[]} */
  const missing = [];
  for (const [index, name] of names.entries()) {
    const result = results[index];
    if (result?.status === 'fulfilled') {
      programs[name] = result.value;
      continue;
    }
    const why = result?.reason instanceof Error ? result.reason.message : String(result?.reason);
    if (OPTIONAL.has(name)) say(`without ${name}: ${why}`);
    else missing.push(why);
  }
  if (missing.length > 0) throw new Error(missing.join('\n'));
  return programs;
}

/**
 * Resolves each kind: a server named in the environment is used as it is, any other is started.
 *
 * @param {readonly KindName[]} names
 * @param {{ say: (line: string) => void, options?: (name: KindName) => StartOptions }} context
 * @returns {Promise<{ servers: Started[], variables: Variables }>}
 */
export async function provideServers(names, { say, options = () => ({}) }) {
  const given = names.filter((name) => process.env[KINDS[name].address ?? '']);
  for (const name of given) say(`${name}: using the one at ${process.env[KINDS[name].address ?? '']}`);
  const programs = await installAll(
    names.filter((name) => !given.includes(name)),
    say,
  );
  const wanted = Object.entries(programs);
  const results = await Promise.allSettled(
    wanted.map(async ([name, program]) => {
      const kind = KINDS[/** @type {KindName} */ (name)];
      const started = await kind.start?.(program, options(/** @type {KindName} */ (name)));
      if (started) say(`${name}: ${Object.values(started.variables).join(' ')} (${program})`);
      return { started, variables: { [kind.program]: program, ...started?.variables } };
    }),
  );
  const ready = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const servers = ready.flatMap(({ started }) => started ?? []);
  const failed = results.flatMap((result, at) => {
    if (result.status === 'fulfilled') return [];
    const [name = ''] = wanted[at] ?? [];
    const why = String(result.reason.message);
    if (!UNSURE.has(name)) return [why];
    say(`without ${name}: ${why}`);
    return [];
  });
  if (failed.length > 0) {
    await Promise.all(servers.map(({ server }) => server.stop()));
    throw new Error(failed.join('\n'));
  }
  return { servers, variables: Object.assign({}, ...ready.map(({ variables }) => variables)) };
}
