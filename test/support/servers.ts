import { describe, expect, test } from 'vitest';
import { type KafkaOptions, type RunningKafka, startKafka } from '../../scripts/servers/start-kafka.mjs';
import {
  type MariadbOptions,
  type RunningMariadb,
  startMariadb,
} from '../../scripts/servers/start-mariadb.mjs';
import { type NatsOptions, type RunningNats, startNats } from '../../scripts/servers/start-nats.mjs';
import {
  type PostgresOptions,
  type RunningPostgres,
  startPostgres,
} from '../../scripts/servers/start-postgres.mjs';
import {
  type RunningTemporal,
  startTemporal,
  type TemporalOptions,
} from '../../scripts/servers/start-temporal.mjs';
import { type RunningToxiproxy, startToxiproxy } from '../../scripts/servers/start-toxiproxy.mjs';

/** The variable that says where each server is; `node scripts/servers.mjs run` sets them. */
const VARIABLES = {
  postgres: 'SLUICE_TEST_POSTGRES_URL',
  mariadb: 'SLUICE_TEST_MARIADB_URL',
  mysql: 'SLUICE_TEST_MYSQL_URL',
  nats: 'SLUICE_TEST_NATS_URL',
  kafka: 'SLUICE_TEST_KAFKA_BROKERS',
  temporal: 'SLUICE_TEST_TEMPORAL_ADDRESS',
  temporalUi: 'SLUICE_TEST_TEMPORAL_UI',
  toxiproxy: 'SLUICE_TEST_TOXIPROXY_BIN',
  chromium: 'SLUICE_TEST_CHROMIUM_BIN',
  plsql: 'SLUICE_TEST_PLSQL_LIBS',
} as const;

export type ServerName = keyof typeof VARIABLES;

/** It comes from an archive of others that may be out of reach, and no other server takes its place. */
const MAY_BE_MISSING: readonly ServerName[] = ['mysql'];

function required(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set: run scripts/test, or node scripts/servers.mjs run`);
  return value;
}

/**
 * Where the servers are that all tests share.
 * Read it in hooks and tests, not in the body of a `describe`, which runs even when it is skipped.
 *
 * @throws Error for a server that is missing
 */
export const servers = () => ({
  get postgresUrl(): string {
    return required('SLUICE_TEST_POSTGRES_URL');
  },
  get mariadbUrl(): string {
    return required('SLUICE_TEST_MARIADB_URL');
  },
  get mysqlUrl(): string {
    return required('SLUICE_TEST_MYSQL_URL');
  },
  get natsUrl(): string {
    return required('SLUICE_TEST_NATS_URL');
  },
  get natsMonitorUrl(): string {
    return required('SLUICE_TEST_NATS_MONITOR');
  },
  get kafkaUrl(): string {
    return `kafka://${required('SLUICE_TEST_KAFKA_BROKERS')}`;
  },
  get temporalAddress(): string {
    return required('SLUICE_TEST_TEMPORAL_ADDRESS');
  },
  get temporalUiUrl(): string {
    return required('SLUICE_TEST_TEMPORAL_UI');
  },
  get chromium(): string {
    return required('SLUICE_TEST_CHROMIUM_BIN');
  },
  /** Jars of PMD's parser of PL/SQL. */
  get plsqlLibs(): string {
    return required('SLUICE_TEST_PLSQL_LIBS');
  },
});

/** Why tests that need these servers cannot run; null when they can. */
export function missingServers(...names: readonly ServerName[]): string | null {
  const missing = names.map((name) => VARIABLES[name]).filter((variable) => !process.env[variable]);
  return missing.length === 0 ? null : `${missing.join(' and ')} not set`;
}

/**
 * `describe` for tests that need servers: without them it is skipped with the reason in its name, and fails in CI,
 * where a missing server would otherwise look like success, but for one that may be missing there.
 */
export function describeWith(names: readonly ServerName[], title: string, body: () => void): void {
  const reason = missingServers(...names);
  if (reason === null) {
    describe(title, body);
  } else if (process.env['CI'] && missingServers(...names.filter((name) => !MAY_BE_MISSING.includes(name)))) {
    describe(title, () => {
      test('its servers are there', () => expect(reason).toBeNull());
    });
  } else {
    describe.skip(`${title} (${reason})`, body);
  }
}

const programOf = (variable: string) => {
  const program = process.env[variable];
  return program ? { program } : {};
};

/** A NATS server of this test alone, to be killed and restarted; the test stops it. */
export const startOwnNats = (options: NatsOptions = {}): Promise<RunningNats> =>
  startNats({ ...programOf('SLUICE_TEST_NATS_BIN'), ...options });

/** A Kafka broker of this test alone, to be killed and restarted; the test stops it. */
export const startOwnKafka = (options: KafkaOptions = {}): Promise<RunningKafka> => {
  const libs = process.env['SLUICE_TEST_KAFKA_LIBS'];
  return startKafka({ ...(libs ? { libs } : {}), ...options });
};

/** A Temporal server of this test alone, to be killed and restarted; the test stops it. */
export const startOwnTemporal = (options: TemporalOptions = {}): Promise<RunningTemporal> =>
  startTemporal({ ...programOf('SLUICE_TEST_TEMPORAL_BIN'), ...options });

/** A PostgreSQL server of this test alone, to be killed and restarted; the test stops it. */
export const startOwnPostgres = (options: PostgresOptions = {}): Promise<RunningPostgres> => {
  const binFolder = process.env['SLUICE_TEST_POSTGRES_BIN'];
  return startPostgres({ ...(binFolder ? { binFolder } : {}), ...options });
};

/** A MariaDB server of this test alone, to be killed and restarted; the test stops it. */
export const startOwnMariadb = (options: MariadbOptions = {}): Promise<RunningMariadb> =>
  startMariadb({ ...programOf('SLUICE_TEST_MARIADB_BIN'), ...options });

/** A proxy of this test alone between us and a server; the test stops it. */
export const startOwnToxiproxy = (): Promise<RunningToxiproxy> =>
  startToxiproxy(programOf('SLUICE_TEST_TOXIPROXY_BIN'));
