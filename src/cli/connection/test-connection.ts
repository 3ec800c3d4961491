import { maskUrl } from '../../catalog/mask.ts';
import type { Config } from '../../model/config.ts';
import { isSluiceError, type SluiceError } from '../../model/sluice-error.ts';
import { connectionKind, withDatabase, withHub } from './open-connection.ts';

/** Longer than a server that is far away needs, shorter than people wait. */
const TEST_TIMEOUT_MS = 15_000;

/** What is there behind a name; `error` where it cannot be opened. */
export interface TestedConnection {
  readonly name: string;
  readonly kind: string | null;
  readonly url: string | null;
  readonly version: string | null;
  readonly tookMs: number;
  readonly warnings: readonly string[];
  readonly error: SluiceError | null;
}

const describe = async (
  config: Config,
  name: string,
): Promise<{ readonly kind: string; readonly url: string; readonly isHub: boolean }> => {
  const connection = config.connection(name);
  const kind = await connectionKind(connection);
  return kind.is === 'database'
    ? { kind: kind.dialect.name, url: kind.dialect.maskUrl(connection.url), isHub: false }
    : { kind: kind.hubKind.name, url: kind.hubKind.maskUrl(connection.url), isHub: true };
};

/** The connection's kind and masked URL; nothing is opened. Where it cannot be resolved, the error. */
export async function listConnection(config: Config, name: string): Promise<TestedConnection> {
  const nothing = { name, kind: null, url: null, version: null, tookMs: 0, warnings: [], error: null };
  try {
    const { kind, url } = await describe(config, name);
    // Masked twice: by its kind, and by ours, which knows no vendor and lets no password pass.
    return { ...nothing, kind, url: maskUrl(url) };
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return { ...nothing, error };
  }
}

/** Opens the connection, asks for the version, closes it. Never throws for what is wrong with the connection. */
export async function testConnection(config: Config, name: string): Promise<TestedConnection> {
  const listed = await listConnection(config, name);
  if (listed.error) return listed;
  const startedMs = performance.now();
  const signal = AbortSignal.timeout(TEST_TIMEOUT_MS);
  const took = (): number => Math.round(performance.now() - startedMs);
  try {
    const { isHub } = await describe(config, name);
    const found = isHub
      ? await withHub(config, name, async (hub) => ({
          version: await hub.ping(signal),
          warnings: await hub.warnings(signal),
        }))
      : await withDatabase(config, name, async (database) => ({
          version: await database.ping(signal),
          warnings: [],
        }));
    return { ...listed, ...found, tookMs: took() };
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return { ...listed, tookMs: took(), error };
  }
}
