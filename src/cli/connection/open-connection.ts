import { setTimeout as delay } from 'node:timers/promises';
import { checkSettings } from '../../catalog/check-settings.ts';
import { maskText } from '../../catalog/mask.ts';
import { databaseSchemes, loadDialect } from '../../databases/index.ts';
import type { Database, Dialect } from '../../engine/ports/dialect.ts';
import type { Hub, HubKind } from '../../engine/ports/hub.ts';
import { hubSchemes, loadHubKind } from '../../hubs/index.ts';
import type { Config, ResolvedConnection } from '../../model/config.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';

/** What stands behind a connection's URL. */
export type ConnectionKind =
  | { readonly is: 'database'; readonly dialect: Dialect }
  | { readonly is: 'hub'; readonly hubKind: HubKind };

/** @throws SluiceError connection.invalid_url */
export async function connectionKind(connection: ResolvedConnection): Promise<ConnectionKind> {
  if (databaseSchemes().includes(connection.scheme)) {
    return { is: 'database', dialect: await loadDialect(connection.scheme) };
  }
  if (hubSchemes().includes(connection.scheme))
    return { is: 'hub', hubKind: await loadHubKind(connection.scheme) };
  throw new SluiceError(
    'connection.invalid_url',
    `"${connection.scheme}:" is neither a database nor a hub that Sluice knows`,
    {
      where: connection.whereKey('url'),
      suggestion: `one of ${[...databaseSchemes(), ...hubSchemes()].join(', ')}`,
    },
  );
}

const APPLICATION_NAME = 'sluice-cli';
/** The command line looks at one thing after the other. */
const MAX_CONNECTIONS = 2;

/** An error of a connection, with its place and without its secrets (invariant 1). */
function placed(error: unknown, connection: ResolvedConnection, kind: ConnectionKind): SluiceError {
  if (isSluiceError(error)) {
    return new SluiceError(error.code, maskText(error.message, connection.secrets), {
      ...error.details,
      where: error.details.where ?? connection.where,
      cause: error.cause,
    });
  }
  const code = kind.is === 'database' ? kind.dialect.classify(error) : kind.hubKind.classify(error);
  const message = error instanceof Error ? error.message : String(error);
  return new SluiceError(code, maskText(message, connection.secrets), {
    where: connection.where,
    cause: error,
  });
}

/** Checks URL and settings as its kind wants them, without connecting. */
export async function checkConnection(config: Config, name: string): Promise<ConnectionKind> {
  const connection = config.connection(name);
  const kind = await connectionKind(connection);
  try {
    const { settings } = kind.is === 'database' ? kind.dialect : kind.hubKind;
    const checked = checkSettings(connection, settings);
    if (kind.is === 'database') kind.dialect.parseUrl(connection.url, checked, connection.folder);
    else kind.hubKind.parseUrl(connection.url, checked);
  } catch (error) {
    throw placed(error, connection, kind);
  }
  return kind;
}

const CLOSE_WITHIN_MS = 3_000;

/** The answer is there already: a server that does not say good-bye must not hold it back. */
async function closeInTime(resource: { close(): Promise<void> }): Promise<void> {
  const closed = new AbortController();
  const late = delay(CLOSE_WITHIN_MS, undefined, { signal: closed.signal }).catch(() => undefined);
  try {
    await Promise.race([resource.close(), late]);
  } finally {
    closed.abort();
  }
}

/** Runs `work` on what was opened and closes it. Errors of the connection get its place; defects stay what they are. */
async function withOpened<R extends { close(): Promise<void> }, T>(
  connection: ResolvedConnection,
  kind: ConnectionKind,
  open: () => Promise<R>,
  work: (resource: R) => Promise<T>,
): Promise<T> {
  let resource: R;
  try {
    resource = await open();
  } catch (error) {
    throw placed(error, connection, kind);
  }
  try {
    return await work(resource);
  } catch (error) {
    throw isSluiceError(error) ? placed(error, connection, kind) : error;
  } finally {
    await closeInTime(resource);
  }
}

/** Opens a database for as long as `work` needs it. @throws SluiceError database.*, config.* with the place */
export async function withDatabase<T>(
  config: Config,
  name: string,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const connection = config.connection(name);
  const kind = await connectionKind(connection);
  if (kind.is !== 'database') {
    throw new SluiceError('connection.invalid_url', 'this is a hub, and a database is wanted', {
      where: connection.where,
    });
  }
  const { dialect } = kind;
  const open = (): Promise<Database> =>
    dialect.open(
      dialect.parseUrl(connection.url, checkSettings(connection, dialect.settings), connection.folder),
      {
        maxConnections: MAX_CONNECTIONS,
        applicationName: APPLICATION_NAME,
        ledger: config.ledger,
      },
    );
  return withOpened(connection, kind, open, work);
}

/** Opens a hub for as long as `work` needs it. */
export async function withHub<T>(config: Config, name: string, work: (hub: Hub) => Promise<T>): Promise<T> {
  const connection = config.connection(name);
  const kind = await connectionKind(connection);
  if (kind.is !== 'hub') {
    throw new SluiceError('connection.invalid_url', 'this is a database, and a hub is wanted', {
      where: connection.where,
    });
  }
  const { hubKind } = kind;
  const open = (): Promise<Hub> =>
    hubKind.open(hubKind.parseUrl(connection.url, checkSettings(connection, hubKind.settings)), {
      applicationName: APPLICATION_NAME,
    });
  return withOpened(connection, kind, open, work);
}
