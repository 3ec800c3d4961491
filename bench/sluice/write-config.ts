import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigFile } from '../../src/model/config.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';

/** The one transfer of every configuration made here. */
export const TRANSFER = 'bench';

export interface TransferChoice {
  readonly encoding: 'auto' | 'text-rows' | 'binary-rows';
  readonly verify: 'none' | 'count' | 'checksum';
  readonly readers: number | null;
  readonly writers: number | null;
  readonly blockBytes: number | null;
}

export interface Endpoints {
  readonly source: string;
  readonly hub: string;
  readonly target: string;
}

function specOf(table: string, choice: TransferChoice): TransferSpec {
  const { encoding, verify, readers, writers, blockBytes } = choice;
  return {
    source: 'source',
    hub: 'hub',
    target: 'target',
    tables: { [table]: {} },
    read: {
      encoding,
      ...(readers === null ? {} : { readers }),
      ...(blockBytes === null ? {} : { blockBytes }),
    },
    ...(writers === null ? {} : { write: { writers } }),
    completion: { verify },
  };
}

/** Writes a configuration as a user would. @returns its path */
export async function writeConfig(
  folder: string,
  endpoints: Endpoints,
  table: string,
  choice: TransferChoice,
): Promise<string> {
  const config: ConfigFile = {
    version: 1,
    connections: {
      source: { url: endpoints.source },
      hub: { url: endpoints.hub },
      target: { url: endpoints.target },
    },
    transfers: { [TRANSFER]: specOf(table, choice) },
  };
  const path = join(folder, 'sluice.json');
  await writeFile(path, JSON.stringify(config, null, 2));
  return path;
}
