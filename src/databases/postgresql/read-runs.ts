import { refuseNotRunning } from '../../engine/driver/refuse-not-running.ts';
import type { OwnedRun } from '../../engine/ports/ledger.ts';
import type { LedgerNames } from './ledger.ts';
import type { Session } from './pool.ts';

/** Null where the ledger has no run of the transfer, or is not there. */
export async function newestRun(
  session: Session,
  { runs }: LedgerNames,
  transfer: string,
): Promise<number | null> {
  if ((await session.cell('SELECT to_regclass($1)', [runs])) === null) return null;
  const run = await session.cell(`SELECT max(run) FROM ${runs} WHERE transfer = $1`, [transfer]);
  return run === null ? null : Number(run);
}

/** Null where the ledger has no such run. */
export async function readSpec(
  session: Session,
  { runs }: LedgerNames,
  { transfer, run }: { readonly transfer: string; readonly run: number },
): Promise<string | null> {
  const { rows } = await session.query(`SELECT spec FROM ${runs} WHERE transfer = $1 AND run = $2`, [
    transfer,
    run,
  ]);
  return rows[0]?.[0] ?? null;
}

/**
 * Locks the run's row against closing and going on.
 * @throws SluiceError transfer.not_running for a run that a newer one fenced, or that another execution has
 */
export async function lockRun(session: Session, names: LedgerNames, ref: OwnedRun): Promise<void> {
  const { rows } = await session.query(
    `SELECT finished_at IS NULL, execution FROM ${names.runs} WHERE transfer = $1 AND run = $2 FOR UPDATE`,
    [ref.transfer, ref.run],
  );
  const [run] = rows;
  refuseNotRunning(ref, run && { isOpen: run[0] === 't', execution: run[1] ?? null });
}
