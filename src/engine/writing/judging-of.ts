import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { Judging } from '../changes/drift/judging.ts';
import type { Observer } from '../observer.ts';
import { movesChanges, movesRows } from '../planning/changes-of-transfer.ts';
import type { Database } from '../ports/dialect.ts';

/** How what is found otherwise than changes take for granted is judged; undefined: nobody does. */
export async function judgingOf(
  target: Pick<Database, 'ledger'> & Partial<Pick<Database, 'drift'>>,
  { transfer, run, spec }: { readonly transfer: string; readonly run: number; readonly spec: TransferSpec },
  observer: Pick<Observer, 'drift'>,
): Promise<Judging | undefined> {
  if (!movesChanges(spec) || !target.drift) return undefined;
  // A run that was begun by an older version has no table for it yet.
  await target.ledger.install(new AbortController().signal);
  return {
    isStrict: spec.changes?.conflicts === 'strict',
    transfer,
    run,
    copies: movesRows(spec),
    memory: { copied: new Map() },
    onDrift: (table, kind, times) => observer.drift?.(table, kind, times),
  };
}
