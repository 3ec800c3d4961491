import type { CapturedTableSpec } from '../../model/capture-spec.ts';
import type { TableName } from '../../model/table-name.ts';
import type { TableSchema } from '../../model/table-schema.ts';

/** A table of the source as its changes are to be recorded. */
export interface TableToCapture {
  readonly table: TableSchema;
  readonly spec: CapturedTableSpec;
}

/** What one trigger is now, and what it is to be. `unchanged`: the texts are equal and it is enabled and valid. */
export interface PlannedTrigger {
  readonly table: TableName;
  readonly name: string;
  readonly state: 'new' | 'changed' | 'unchanged' | 'orphan' | 'disabled';
  /**
   * Statements that stand in the database, as they were deployed, or as it prints them where somebody altered them; and that are to
   * stand. Null where there are none.
   */
  readonly before: string | null;
  readonly after: string | null;
}

export interface TriggerPlan {
  readonly triggers: readonly PlannedTrigger[];
  /** What capture by triggers does not see of these tables, or what to mind: cascades, truncation, in-place LOB writes. */
  readonly warnings: readonly { readonly table: TableName; readonly text: string }[];
  /** Tables that cannot be captured as they are, with the reason. */
  readonly refusals: readonly { readonly table: TableName; readonly text: string }[];
}

/** Of one table: all of its triggers are made, or none is changed. */
export interface DeployOutcome {
  readonly table: TableName;
  readonly done: 'deployed' | 'unchanged' | 'dropped' | 'failed';
  /** Code and message where it failed: others hold the table for too long, a right is missing. */
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly suggestion: string | null;
  } | null;
}

/** A table that is captured, as the installation has it. */
export interface CapturedTable {
  /** Never given to another table. */
  readonly number: number;
  readonly table: TableName;
  /** Source columns in the payload. */
  readonly columns: readonly string[];
  readonly primaryKey: readonly string[];
  readonly spec: CapturedTableSpec;
  /** Its triggers are as they were deployed: there, enabled, with the same texts. */
  readonly intact: boolean;
}

/**
 * Makes the triggers that record changes in our own schema of the source, and nothing else there (invariant 10). Triggers are
 * total: nothing in them may raise in the application's statement that would not have failed without them.
 */
export interface TriggerManager {
  /**
   * Makes or upgrades schema, staging tables, claims and leases. Idempotent, also by several at once.
   * @throws SluiceError database.permission_denied with the GRANT
   */
  install(signal: AbortSignal): Promise<void>;
  isInstalled(signal: AbortSignal): Promise<boolean>;
  /** Identity of the installation and of the database that it stands in; another one after a restore: see ChangeCapture. */
  incarnation(signal: AbortSignal): Promise<string>;
  /**
   * What deploying these tables would change; orphans are triggers of ours on other tables. Changes nothing.
   * @throws SluiceError capture.condition_invalid, naming table and condition
   */
  plan(tables: readonly TableToCapture[], signal: AbortSignal): Promise<TriggerPlan>;
  /**
   * Makes the triggers of these tables what the plan says, table by table; what stands as planned is left alone. Waits for a lock
   * only briefly, and tries again, so that it never queues the application behind it. Replacing a trigger leaves no moment
   * without one; once a table is deployed every later commit is recorded, and no writer from before is left.
   */
  deploy(tables: readonly TableToCapture[], signal: AbortSignal): Promise<readonly DeployOutcome[]>;
  /** Takes the triggers of these tables away; their events stay. */
  drop(tables: readonly TableName[], signal: AbortSignal): Promise<readonly DeployOutcome[]>;
  /** @param options.dropped  also those whose triggers were taken away, for their events stay: none of them is intact */
  captured(signal: AbortSignal, options?: { readonly dropped?: boolean }): Promise<readonly CapturedTable[]>;
  /** Takes all of ours out of the source: triggers, functions, schema. Nothing is left. */
  uninstall(signal: AbortSignal): Promise<void>;
}
