import { measureTransfer } from '../sluice/measure-transfer.ts';
import { writeConfig } from '../sluice/write-config.ts';
import type { Outcome, Surroundings } from './case.ts';

/** One transfer of orders between two databases, with what the product chooses by itself. */
export async function transferBetween(
  surroundings: Surroundings,
  endpoints: { readonly source: string; readonly target: string },
): Promise<Outcome> {
  const { hub, options, client, temporalAddress, scratch } = surroundings;
  const choice = { ...options, encoding: 'auto', verify: 'none' } as const;
  const config = await writeConfig(scratch, { ...endpoints, hub }, 'orders', choice);
  const result = await measureTransfer(client, {
    config,
    target: endpoints.target,
    address: temporalAddress,
  });
  return { ...result, error: null };
}
