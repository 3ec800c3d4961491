import { closeTransfer, removeFromHub } from '../engine/finish-transfer.ts';
import type { ActivityDeps, CleanUpRequest } from './contract.ts';
import { governed } from './governed.ts';

/** Removes the run's topics from the hub and, where wanted, closes the run in the ledger. Idempotent. */
export const createCleanUp =
  (deps: ActivityDeps) =>
  (request: CleanUpRequest): Promise<void> =>
    governed<void>({ log: deps.log }, async (control) => {
      const spec = deps.config.transfer(request.transfer);
      await deps.connections.useHub(spec.hub, (hub) =>
        deps.connections.useDatabase(spec.target, (target) =>
          request.close
            ? closeTransfer({ target, hub }, request, control.stop)
            : removeFromHub(hub, request, control.stop),
        ),
      );
    });
