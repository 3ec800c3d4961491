import type { LostKey } from '../engine/structure/restore-keys.ts';
import { closeTransfer, removeFromHub } from '../engine/finishing/finish-transfer.ts';
import { movesChanges, movesRows } from '../engine/planning/changes-of-transfer.ts';
import type { Database } from '../engine/ports/dialect.ts';
import { captureOfSource } from './capture-of-source.ts';
import type { ActivityDeps, CleanUpRequest } from './contract.ts';
import { governed } from './governed.ts';
import { readRunSpec } from './run-spec.ts';

/**
 * After a copy with its changes nothing is kept at the source: the next start copies anew. A transfer of changes alone goes on where
 * this run ended, whenever it is started again.
 */
async function forgetChanges(
  deps: ActivityDeps,
  target: Database,
  request: CleanUpRequest,
  signal: AbortSignal,
): Promise<void> {
  const spec = await readRunSpec(target, request, signal);
  if (!movesChanges(spec) || !movesRows(spec)) return;
  await deps.connections.useDatabase(request.source, (source) =>
    captureOfSource(deps, source, request.source).changes.unregister(request.transfer, signal),
  );
}

/** Removes the run's topics from the hub and, where wanted, closes the run in the ledger. Idempotent. */
export const createCleanUp =
  (deps: ActivityDeps) =>
  (request: CleanUpRequest): Promise<readonly LostKey[]> =>
    governed<readonly LostKey[]>({ log: deps.log }, async (control) => {
      if (request.topics === true) return [];
      return deps.connections.useHub(request.hub, (hub) =>
        deps.connections.useDatabase(request.target, (target) =>
          request.close
            ? closeTransfer({ target, hub }, request, control.stop).then(async (lost) => {
                await forgetChanges(deps, target, request, control.stop);
                return lost;
              })
            : removeFromHub(hub, request, control.stop).then(() => []),
        ),
      );
    });
