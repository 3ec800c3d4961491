import type { LostKey } from '../engine/structure/restore-keys.ts';
import { closeTransfer, removeFromHub } from '../engine/finishing/finish-transfer.ts';
import type { ActivityDeps, CleanUpRequest } from './contract.ts';
import { governed } from './governed.ts';

/** Removes the run's topics from the hub and, where wanted, closes the run in the ledger. Idempotent. */
export const createCleanUp =
  (deps: ActivityDeps) =>
  (request: CleanUpRequest): Promise<readonly LostKey[]> =>
    governed<readonly LostKey[]>({ log: deps.log }, (control) =>
      deps.connections.useHub(request.hub, (hub) =>
        deps.connections.useDatabase(request.target, (target) =>
          request.close
            ? closeTransfer({ target, hub }, request, control.stop)
            : removeFromHub(hub, request, control.stop).then(() => []),
        ),
      ),
    );
