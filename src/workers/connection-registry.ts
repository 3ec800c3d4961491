import { checkSettings } from '../catalog/check-settings.ts';
import { databaseSchemes, loadDialect } from '../databases/index.ts';
import type { Database } from '../engine/ports/dialect.ts';
import type { Hub } from '../engine/ports/hub.ts';
import type { ConnectionRegistry } from '../engine/ports/connection-registry.ts';
import { createPooledRegistry } from '../engine/pooled-registry.ts';
import { hubSchemes, loadHubKind } from '../hubs/index.ts';
import type { Config } from '../model/config.ts';
import { MAX_CONNECTIONS } from './settings.ts';

const APPLICATION = 'sluice';
/** A connection that nobody uses stays open so long: slices of one transfer follow each other. */
const IDLE_MS = 60_000;

export interface RegistryOptions {
  readonly config: Config;
  /** Told of each secret once it is resolved, so that logs can hide it. */
  readonly onSecrets: (secrets: readonly string[]) => void;
}

/** The scheme of a connection that can be resolved now; whoever uses another one is told why. */
function schemeOf(config: Config, name: string): string | null {
  try {
    return config.connection(name).scheme;
  } catch {
    return null;
  }
}

/**
 * Loads the code of the databases and hubs that the configuration names, which takes a quarter of a second of CPU: a worker does it
 * before its first transfer, not in it. Connects to nothing.
 */
export async function loadKinds(config: Config): Promise<void> {
  const schemes = new Set(config.connectionNames.map((name) => schemeOf(config, name)));
  for (const scheme of databaseSchemes()) if (schemes.has(scheme)) await loadDialect(scheme);
  for (const scheme of hubSchemes()) if (schemes.has(scheme)) await loadHubKind(scheme);
}

/** Opens the configuration's connections when they are first used; the only place where a worker resolves secrets. */
export function createConnectionRegistry({ config, onSecrets }: RegistryOptions): ConnectionRegistry {
  const resolve = (name: string) => {
    const connection = config.connection(name);
    onSecrets(connection.secrets);
    return connection;
  };
  const databases = createPooledRegistry<Database>({
    idleMs: IDLE_MS,
    open: async (name) => {
      const connection = resolve(name);
      const dialect = await loadDialect(connection.scheme);
      const settings = checkSettings(connection, dialect.settings);
      return dialect.open(dialect.parseUrl(connection.url, settings, connection.folder), {
        maxConnections: MAX_CONNECTIONS,
        applicationName: APPLICATION,
        ledger: config.ledger,
      });
    },
  });
  const hubs = createPooledRegistry<Hub>({
    idleMs: IDLE_MS,
    open: async (name) => {
      const connection = resolve(name);
      const kind = await loadHubKind(connection.scheme);
      return kind.open(kind.parseUrl(connection.url, checkSettings(connection, kind.settings)), {
        applicationName: APPLICATION,
      });
    },
  });
  return {
    useDatabase: (name, work) => databases.use(name, work),
    useHub: (name, work) => hubs.use(name, work),
    evict: (name) => {
      databases.evict(name);
      hubs.evict(name);
    },
    closeAll: async () => {
      await Promise.all([databases.closeAll(), hubs.closeAll()]);
    },
  };
}
