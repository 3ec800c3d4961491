import { ApplicationFailure, CancelledFailure, CompleteAsyncError } from '@temporalio/activity';
import { ERRORS, type ErrorCode } from '../model/error-codes.ts';
import { type ErrorDetails, isSluiceError } from '../model/sluice-error.ts';
import type { ActivityLog, Refusal } from './contract.ts';

/** Temporal stores every failure in the history; longer texts have stopped whole workflows elsewhere. */
const MAX_MESSAGE_CHARS = 4096;

/**
 * Codes that Temporal must not retry although they mend themselves: the workflow has to do something first.
 * A lost snapshot stays lost under its name, and a query without a key is planned again.
 */
const HANDLED_BY_WORKFLOW: ReadonlySet<ErrorCode> = new Set([
  'source.snapshot_lost',
  'source.query_interrupted',
]);

/** The details of an ApplicationFailure of ours: first and only element of its `details`. */
export type FailureDetails = ErrorDetails;

/** Long lists of statements end with how much more of them there is. */
function bounded(details: FailureDetails): FailureDetails {
  const { suggestion } = details;
  if (suggestion === undefined || suggestion.length <= MAX_MESSAGE_CHARS) return details;
  const more = suggestion.length - MAX_MESSAGE_CHARS;
  return {
    ...details,
    suggestion: `${suggestion.slice(0, MAX_MESSAGE_CHARS)} … and ${more} characters more`,
  };
}

function failureOf(code: ErrorCode, message: string, details: FailureDetails): ApplicationFailure {
  return ApplicationFailure.create({
    message: message.slice(0, MAX_MESSAGE_CHARS),
    type: code,
    nonRetryable: ERRORS[code].retry !== 'auto' || HANDLED_BY_WORKFLOW.has(code),
    details: [bounded(details)],
  });
}

/**
 * What Temporal is told of an error. Only our own errors keep their text, since only theirs is free of values
 * (invariant 1); no cause is attached for the same reason. Anything else is `internal`: its frames go to the log.
 */
export function toFailure(error: unknown, log: ActivityLog): Error {
  if (
    error instanceof ApplicationFailure ||
    error instanceof CancelledFailure ||
    error instanceof CompleteAsyncError
  ) {
    return error;
  }
  if (isSluiceError(error)) return failureOf(error.code, error.message, error.details);
  const name = error instanceof Error ? error.name : typeof error;
  const frames =
    error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  log.error({ error: name, frames: frames.slice(0, 12) }, 'an error that no code stands for');
  return failureOf('internal', `an unexpected ${name}; the worker's log has where`, {});
}

/** The error as one table's refusal, which leaves the other tables alone. @throws the error when it is no such thing */
export function asRefusal(table: string, error: unknown): Refusal {
  if (!isSluiceError(error) || error.retry !== 'manual') throw error;
  const message = error.message.slice(0, MAX_MESSAGE_CHARS);
  return { table, code: error.code, message, details: bounded(error.details) };
}
