import type { ForeignKeySchema } from '../../model/table-schema.ts';
import type { TableName } from '../../model/table-name.ts';
import type { TablePlan } from '../../model/table-plan.ts';

/** One statement that is made after the load, complete in itself. */
export interface StructureStep {
  readonly kind: 'index' | 'check' | 'foreign-key';
  /** At the target. */
  readonly name: string;
  readonly sql: string;
  /** A query that finds the rows that stand in its way; null where none can. */
  readonly finds: string | null;
}

/** What a table lacks at the target of what it has at the source. */
export interface StructureLack {
  /** In the order in which they are made. */
  readonly steps: readonly StructureStep[];
  /** What cannot be made here, each as SQL of the source with the reason as a comment; never dropped in silence. */
  readonly leftOut: readonly string[];
  /** What stands at the target under the same name and is another thing; it is left alone. */
  readonly differs: readonly string[];
}

/** The plan of a table; its `structure` says what the source has. */
export interface StructureRequest {
  readonly plan: TablePlan;
  /** False: the target has no such table yet, and nothing of it is looked up. */
  readonly exists: boolean;
}

/** A foreign key at the target, in its names. */
export interface StandingForeignKey {
  readonly table: TableName;
  readonly key: ForeignKeySchema;
}

/** `made`; or `refused`: the target does not take such a thing at all (its vendor code says why). The table works without it. */
export type StepOutcome =
  | { readonly done: 'made' }
  | { readonly done: 'refused'; readonly vendorCode: string };

/**
 * What of a table's structure is made after its rows: indexes, unique keys, checks, and foreign keys when all tables
 * concerned are there. What comes before the rows (schema, table, primary key, defaults, comments) is TargetWriter.prepare's.
 *
 * A database whose tables cannot be altered (SQLite) makes checks and foreign keys with the table, and then only looks here
 * whether the rows keep them.
 */
export interface TargetStructure {
  /** Foreign keys that exist at the target during the load: `checked` row by row, or `ignored` by our sessions. */
  readonly foreignKeysWhileLoading: 'checked' | 'ignored';
  /** A foreign key as the target has it once it is made, where it cannot say all of it; absent: it says all. */
  foreignKeyAsMade?(key: ForeignKeySchema): ForeignKeySchema;
  /** Foreign keys of the table and of others to it, as they are at the target now. */
  standingForeignKeys(plan: TablePlan, signal: AbortSignal): Promise<readonly StandingForeignKey[]>;
  /**
   * Compares by name and by meaning what the source has with what is at the target now: so a second attempt goes on where
   * the first was ended. Changes nothing.
   */
  lacking(request: StructureRequest, signal: AbortSignal): Promise<StructureLack>;
  /** The same for foreign keys. @param request.foreignKeys  in names of the target: those whose parents are there */
  lackingForeignKeys(
    request: StructureRequest & { readonly foreignKeys: readonly ForeignKeySchema[] },
    signal: AbortSignal,
  ): Promise<StructureLack>;
  /**
   * Makes one. Atomic: after a crash it is there or not. Waits for another attempt that is still at it, and then finds it
   * made. An abort ends the running statement.
   * @throws SluiceError target.constraint_violated with a statement that finds the rows, when rows break it
   */
  make(plan: TablePlan, step: StructureStep, signal: AbortSignal): Promise<StepOutcome>;
}
