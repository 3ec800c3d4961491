import { ERRORS, type ErrorCode, type Retry } from './error-codes.ts';

/** Where an error arose and what mends it. Never a cell value, a key or a secret (invariant 1). */
export interface ErrorDetails {
  /** `sluice.yaml:4:3`, or a connection, transfer or table name. */
  readonly where?: string;
  readonly table?: string;
  readonly column?: string;
  /** The vendor's code: SQLSTATE, errno, SQLITE_…, a JetStream err_code. */
  readonly vendorCode?: string;
  /** A statement or a line of configuration that mends it. */
  readonly suggestion?: string;
}

export interface SluiceErrorOptions extends ErrorDetails {
  readonly cause?: unknown;
}

/** The one error class. `message` is safe to show anywhere: invariant 1. */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: SluiceErrorOptions = {}) {
    const { cause, ...details } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SluiceError';
    this.code = code;
    this.details = details;
  }

  get retry(): Retry {
    return ERRORS[this.code].retry;
  }
}

export const isSluiceError = (error: unknown): error is SluiceError => error instanceof SluiceError;
