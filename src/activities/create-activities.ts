import type { ActivityDeps, TransferActivities } from './contract.ts';
import { createCompareLive } from './compare-live.ts';
import { createCleanUp } from './clean-up.ts';
import { createFinishTables } from './finish-tables.ts';
import { createHoldSnapshot } from './hold-snapshot.ts';
import { createLoadTable } from './load-table.ts';
import { createRowMovers } from './move-rows.ts';
import { createProgressLines } from './progress-lines.ts';
import { createPlanTables, createPrepareTransfer } from './plan-transfer.ts';
import { createRelayToTopics } from './relay-to-topics.ts';
import { createSampleProgress } from './sample-progress.ts';
import { createVerifyTables } from './verify-tables.ts';

export type ControlActivities = Pick<TransferActivities, 'prepareTransfer' | 'sampleProgress' | 'cleanUp'>;
export type SourceActivities = Pick<
  TransferActivities,
  | 'planTables'
  | 'readAndPublish'
  | 'readSmallTables'
  | 'relayChanges'
  | 'relayToTopics'
  | 'loadTable'
  | 'holdSnapshot'
>;
export type TargetActivities = Pick<
  TransferActivities,
  'writeBatches' | 'finishTables' | 'verifyTables' | 'compareLive'
>;

/** The activities by the task queue that takes them: readers that wait for a full hub must never starve the writers. */
export interface Activities {
  readonly control: ControlActivities;
  readonly source: SourceActivities;
  readonly target: TargetActivities;
}

export function createActivities(deps: ActivityDeps): Activities {
  const lines = createProgressLines(deps.log);
  const movers = createRowMovers(deps, lines);
  return {
    control: {
      prepareTransfer: createPrepareTransfer(deps),
      sampleProgress: createSampleProgress(deps),
      cleanUp: createCleanUp(deps),
    },
    source: {
      planTables: createPlanTables(deps),
      readAndPublish: movers.readAndPublish,
      readSmallTables: movers.readSmallTables,
      relayChanges: movers.relayChanges,
      relayToTopics: createRelayToTopics(deps, lines),
      loadTable: createLoadTable(deps),
      holdSnapshot: createHoldSnapshot(deps),
    },
    target: {
      writeBatches: movers.writeBatches,
      finishTables: createFinishTables(deps),
      verifyTables: createVerifyTables(deps),
      compareLive: createCompareLive(deps),
    },
  };
}
