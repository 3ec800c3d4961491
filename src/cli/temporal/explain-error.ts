import {
  isGrpcDeadlineError,
  isGrpcServiceError,
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TemporalFailure, TerminatedFailure } from '@temporalio/common';
import { isErrorCode } from '../../model/error-codes.ts';
import type { TransferReport } from '../../workflows/messages.ts';
import { type ErrorDetails, SluiceError } from '../../model/sluice-error.ts';

/** The report of a run that failed because its tables differ: it stands in its failure. */
export function failedReport(error: unknown): TransferReport | null {
  for (let here = error; here instanceof Error; here = here.cause) {
    const report = here instanceof ApplicationFailure ? here.details?.[1] : undefined;
    if (report !== undefined) return report as TransferReport;
  }
  return null;
}

/** gRPC status numbers: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const GRPC = {
  cancelled: 1,
  deadlineExceeded: 4,
  permissionDenied: 7,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The innermost cause that our activities or workflows made: its type is one of our codes. */
function ourFailure(error: unknown): SluiceError | null {
  let found: SluiceError | null = null;
  let here = error;
  while (here instanceof Error) {
    const failure: Error = here;
    if (failure instanceof ApplicationFailure && failure.type && isErrorCode(failure.type)) {
      const details = (failure.details?.[0] ?? {}) as ErrorDetails;
      found = new SluiceError(failure.type, failure.message, { ...details, cause: error });
    }
    here = failure.cause;
  }
  return found;
}

const noWorker = (cause: unknown): SluiceError =>
  new SluiceError('temporal.no_worker', 'no worker answers for this transfer', {
    suggestion: 'start one with: sluice worker',
    cause,
  });

function ofService(error: Error, transfer: string | undefined): SluiceError | null {
  const both: readonly unknown[] = [error, error.cause];
  if (both.some(isGrpcDeadlineError)) return noWorker(error);
  const grpc = both.find(isGrpcServiceError);
  if (!grpc) return null;
  switch (grpc.code as number) {
    case GRPC.deadlineExceeded:
    case GRPC.cancelled: // by our own deadline, when it is a moment before the channel's
      return noWorker(error);
    case GRPC.unavailable:
      return new SluiceError('temporal.unreachable', 'the Temporal service does not answer', {
        cause: error,
      });
    case GRPC.unauthenticated:
    case GRPC.permissionDenied:
      return new SluiceError('temporal.unreachable', 'the Temporal service refuses these credentials', {
        suggestion: 'check --namespace, --api-key and the TLS options',
        cause: error,
      });
    default:
      return new SluiceError('internal', `Temporal: ${grpc.details}`, {
        ...(transfer === undefined ? {} : { where: `transfer ${transfer}` }),
        cause: error,
      });
  }
}

/** A failed end that carries none of our codes: cancelled, terminated, or a defect. */
function ofFailure(error: Error, where: string): SluiceError {
  const cause = error.cause;
  if (cause instanceof CancelledFailure) {
    return new SluiceError('transfer.cancelled', 'the transfer was cancelled', {
      where,
      suggestion: 'start it again: it goes on where it was',
      cause: error,
    });
  }
  if (cause instanceof TerminatedFailure) {
    return new SluiceError('transfer.cancelled', 'the transfer was terminated', {
      where,
      suggestion: 'start it again: it goes on where it was',
      cause: error,
    });
  }
  const message = cause instanceof TemporalFailure ? cause.message : error.message;
  return new SluiceError('internal', message, { where, cause: error });
}

/** What the Temporal client threw, as one of our errors. Total; errors of ours stay as they are. */
export function explainTemporalError(error: unknown, transfer?: string): unknown {
  if (!(error instanceof Error) || error instanceof SluiceError) return error;
  const where = transfer === undefined ? '' : `transfer ${transfer}`;
  const ours = ourFailure(error);
  if (ours) return ours;
  if (error instanceof WorkflowNotFoundError) {
    return new SluiceError('transfer.not_running', 'no transfer of this name is running', {
      where,
      cause: error,
    });
  }
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    return new SluiceError('transfer.already_running', 'it is running already', { where, cause: error });
  }
  if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError)
    return ofFailure(error, where);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return noWorker(error);
  if (error instanceof QueryNotRegisteredError || error instanceof QueryRejectedError) return noWorker(error);
  if (error instanceof ServiceError || isGrpcServiceError(error)) return ofService(error, transfer) ?? error;
  return error;
}
