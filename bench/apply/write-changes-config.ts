import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigFile } from '../../src/model/config.ts';
import { type Endpoints, TRANSFER } from '../sluice/write-config.ts';

/** Writes a configuration with a transfer of the changes of `orders` into a table that is there. @returns its path */
export async function writeChangesConfig(
  folder: string,
  { source, hub, target }: Endpoints,
): Promise<string> {
  const config: ConfigFile = {
    version: 1,
    connections: { source: { url: source }, hub: { url: hub }, target: { url: target } },
    captures: { source: { tables: { orders: {} } } },
    transfers: {
      [TRANSFER]: {
        source: 'source',
        hub: 'hub',
        target: 'target',
        mode: 'changes',
        tables: { orders: {} },
        completion: { verify: 'none' },
      },
    },
  };
  const path = join(folder, 'sluice.json');
  await writeFile(path, JSON.stringify(config, null, 2));
  return path;
}
