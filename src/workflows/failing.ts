import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { ERRORS, isErrorCode } from '../model/error-codes.ts';
import type { Control } from './control.ts';
import { happen, type TableRecord } from './control-state.ts';
import type { TableError } from './messages.ts';

/** Interrupted so often in a row, a query without a key waits for a person. */
const INTERRUPTED_BLOCKS_AFTER = 5;
/** Slices in a row that end with `internal` before the table waits for a person. */
const INTERNAL_BLOCKS_AFTER = 3;

/** What an activity's failure says, in the words of the error table. */
export function errorOf(error: unknown): TableError & { readonly table: string | null } {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const details = (cause.details?.[0] ?? {}) as Readonly<Record<string, string | undefined>>;
    return {
      code: isErrorCode(cause.type ?? '') ? (cause.type as TableError['code']) : 'internal',
      message: cause.message,
      column: details.column ?? null,
      vendorCode: details.vendorCode ?? null,
      suggestion: details.suggestion ?? null,
      table: details.table ?? null,
    };
  }
  const message = cause instanceof TimeoutFailure ? 'no worker answered in time' : 'the step failed';
  const code = cause instanceof TimeoutFailure ? 'stalled' : 'internal';
  return { code, message, column: null, vendorCode: null, suggestion: null, table: null };
}

/** Grows from 5 s to a minute with the slices that failed in a row. */
export const putOffMs = (fruitless: number): number => Math.min(60_000, 5_000 * 2 ** (fruitless - 1));

/** A worker that died says nothing against its slice, which waits in its queue until there is another one. */
export const isNobodysFault = (error: TableError): boolean => error.code === 'stalled';
export const AFTER_DEATH_MS = 1_000;

/** A slice of these says something of the table; of one that was paused or left out meanwhile it says nothing. */
const READ: ReadonlySet<TableRecord['status']> = new Set(['ready', 'copying']);

/** It begins again in a generation of its own, later each time, until it was interrupted too often in a row. */
function queryInterrupted(table: TableRecord, error: TableError): void {
  // Read on after a pause, what is copied of it is found, and it is interrupted then.
  if (!READ.has(table.status)) return;
  table.interruptions += 1;
  if (table.interruptions < INTERRUPTED_BLOCKS_AFTER) {
    happen(table, 'resnapshot');
    table.notBeforeMs = Date.now() + putOffMs(table.interruptions);
  } else {
    happen(table, 'refused');
  }
  table.error = error;
}

const LOST_WITH_ITS_SNAPSHOT: TableError = {
  code: 'source.query_interrupted',
  message: 'the query has no key and was interrupted: the snapshot that it was read in is lost',
  column: null,
  vendorCode: null,
  suggestion: 'name columns in "key" that tell all rows apart, so that reading goes on where it was',
};

/** What is planned in a snapshot that is lost is planned in another one; a query that was begun in it was interrupted. */
export function lostItsSnapshot(table: TableRecord): void {
  const isBegun = table.generation > 0 && table.begun === table.generation;
  if (isBegun) queryInterrupted(table, LOST_WITH_ITS_SNAPSHOT);
  else happen(table, 'resnapshot');
}

/** A table's slice failed: one that a person must mend is blocked, the others are tried again later. */
export function tableFailed(control: Control, table: TableRecord, error: TableError): void {
  if (error.code === 'source.query_interrupted') {
    queryInterrupted(table, error);
    return;
  }
  const { retry } = ERRORS[error.code];
  table.error = error;
  if (isNobodysFault(error)) {
    table.notBeforeMs = Date.now() + AFTER_DEATH_MS;
    return;
  }
  table.fruitless += 1;
  if (error.code === 'source.snapshot_lost') {
    control.snapshotRefused(table.plannedIn);
  } else if (retry === 'never') {
    control.fail({ code: error.code, message: error.message, details: { table: table.id } });
  } else if (retry === 'manual' || (error.code === 'internal' && table.fruitless >= INTERNAL_BLOCKS_AFTER)) {
    happen(table, 'refused');
  } else {
    table.notBeforeMs = Date.now() + putOffMs(table.fruitless);
  }
}
