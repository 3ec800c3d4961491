import type { Database } from '../engine/ports/dialect.ts';
import { SluiceError } from '../model/sluice-error.ts';
import type { TransferSpec } from '../model/transfer-spec.ts';
import type { RunKey } from './contract.ts';

/**
 * The spec that the run was started with, from the ledger: a configuration that was edited since counts from the next
 * start on. It never travels through Temporal, for a condition of it may hold values (invariant 1).
 * @throws SluiceError target.ledger_damaged when the ledger has no such run
 */
export async function readRunSpec(
  target: Pick<Database, 'ledger'>,
  { transfer, run }: RunKey,
  signal: AbortSignal,
): Promise<TransferSpec> {
  const text = await target.ledger.readSpec(transfer, run, signal);
  if (text !== null) return JSON.parse(text) as TransferSpec;
  throw new SluiceError('target.ledger_damaged', `the ledger has no run ${run} of the transfer`);
}
