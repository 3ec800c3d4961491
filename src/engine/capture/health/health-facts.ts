import type { ParkedCounts } from '../../../model/quarantine.ts';
import type { CaptureFacts } from '../../ports/capture-inspector.ts';
import type { CapturedTable, TriggerPlan } from '../../ports/trigger-manager.ts';

/** What is wrong with something that was asked, as one of our errors says it. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly suggestion: string | null;
}

/** What Temporal says of a transfer. */
export interface RunFacts {
  readonly isRunning: boolean;
  /** Null where no worker answered. */
  readonly phase: string | null;
  /** Queues that no worker polls. */
  readonly unattended: readonly string[];
  /** As the transfer itself tells them. */
  readonly warnings: readonly string[];
}

/** A transfer that takes changes of the source, or has lanes there. */
export interface TransferFacts {
  readonly transfer: string;
  /** The configuration has it, and this is its source. */
  readonly isConfigured: boolean;
  /** Refused changes that are set apart, at the source or at the target; null where that could not be asked. */
  readonly parked: ParkedCounts | null;
  /** Null: nobody was asked. */
  readonly run: RunFacts | null;
}

/** A hub, or a target, that changes of the source go to. */
export interface EndFacts {
  readonly name: string;
  readonly is: 'hub' | 'target';
  /** Product and version; null where it does not answer. */
  readonly version: string | null;
  readonly trouble: Trouble | null;
  readonly warnings: readonly string[];
}

/** All that a capture is judged by, of about one moment. */
export interface HealthFacts {
  /** Name of the source's connection. */
  readonly connection: string;
  readonly nowMs: number;
  /** How long events stay after they were confirmed. */
  readonly retentionMs: number;
  readonly capture: CaptureFacts;
  /** Captured tables, also those whose triggers were taken away. */
  readonly tables: readonly CapturedTable[];
  /** Of the configuration; a `trouble` where it cannot be planned. */
  readonly plan: Pick<TriggerPlan, 'triggers' | 'refusals'> | { readonly trouble: Trouble };
  readonly transfers: readonly TransferFacts[];
  readonly ends: readonly EndFacts[];
  /** Null: it answers, or nobody asked it. */
  readonly temporal: Trouble | null;
}
