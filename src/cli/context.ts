import type { Client } from '@temporalio/client';
import { loadConfig } from '../catalog/load-config.ts';
import type { Environment } from '../catalog/variables.ts';
import type { Config } from '../model/config.ts';
import { isSluiceError } from '../model/sluice-error.ts';
import type { GlobalOptions } from './global-options.ts';
import type { Output } from './output.ts';
import type { TemporalAccess } from '../model/temporal-access.ts';

/** What a command has to work with. Configuration and Temporal are reached when they are first asked for. */
export interface Context {
  readonly options: GlobalOptions;
  readonly environment: Environment;
  readonly folder: string;
  readonly output: Output;
  /** @throws SluiceError config.* */
  config(): Config;
  /** Null where there is no file; a file that is wrong still throws. */
  configIfThere(): Config | null;
  temporal(): Promise<TemporalAccess>;
  /**
   * Never closed: calls that were given up are tried again by the SDK, and throw where nobody catches once their
   * connection is closed. The process ends instead.
   * @throws SluiceError temporal.unreachable
   */
  client(): Promise<Client>;
}

export interface ContextOptions {
  readonly options: GlobalOptions;
  readonly environment: Environment;
  readonly folder: string;
  readonly output: Output;
}

/** Runs `make` once and gives its result ever after. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

export function createContext({ options, environment, folder, output }: ContextOptions): Context {
  const config = once(() =>
    loadConfig({ folder, environment, ...(options.config === undefined ? {} : { path: options.config }) }),
  );
  // Imported late: commands that need no Temporal start in a fraction of the time.
  const temporal = once(async () => {
    const { temporalSettings } = await import('./temporal/temporal-settings.ts');
    return temporalSettings(options, environment);
  });
  let opened: Promise<Client> | undefined;
  const open = async (): Promise<Client> => {
    const { connectTemporal } = await import('./temporal/connect-temporal.ts');
    return connectTemporal(await temporal());
  };
  const client = (): Promise<Client> => {
    opened ??= open();
    return opened;
  };
  const configIfThere = (): Config | null => {
    try {
      return config();
    } catch (error) {
      if (isSluiceError(error) && error.code === 'config.not_found' && options.config === undefined)
        return null;
      throw error;
    }
  };
  return { options, environment, folder, output, config, configIfThere, temporal, client };
}
