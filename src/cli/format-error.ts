import { maskText } from '../catalog/mask.ts';
import { ERRORS, type ErrorCode, EXIT, type ExitCode } from '../model/error-codes.ts';
import { isSluiceError, SluiceError } from '../model/sluice-error.ts';
import type { OutputFormat } from './output.ts';

/** The page of a code in our documentation. */
export const errorPage = (code: ErrorCode): string =>
  `docs/reference/errors.md#${code.replaceAll(/[._]/g, '-')}`;

const BOLD_RED = ['\u001B[31;1m', '\u001B[0m'] as const;

/** Everything that went wrong, as our errors: of an unreadable configuration all its problems. */
export function problemsOf(error: unknown): readonly SluiceError[] {
  if (!isSluiceError(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return [new SluiceError('internal', maskText(message), { cause: error })];
  }
  if (error.cause instanceof AggregateError) {
    const all = error.cause.errors.filter(isSluiceError);
    if (all.length > 0) return all;
  }
  return [error];
}

const whereOf = (error: SluiceError): string => error.details.where ?? error.details.table ?? '';

function asText(error: SluiceError, color: boolean): string {
  const [on, off] = color ? BOLD_RED : ['', ''];
  const vendor = error.details.vendorCode === undefined ? '' : ` [${error.details.vendorCode}]`;
  const indented = maskText(error.message).replaceAll('\n', '\n    ');
  return [
    `${on}✗ ${error.code}${off}   ${whereOf(error)}`.trimEnd(),
    `    ${indented}${vendor}`,
    `    → ${error.details.suggestion ?? ERRORS[error.code].hint}      ${errorPage(error.code)}`,
  ].join('\n');
}

/** The fields of an error that a program reads; the same as in the API's problem+json. */
export const errorValue = (error: SluiceError): Readonly<Record<string, unknown>> => ({
  code: error.code,
  message: maskText(error.message),
  ...error.details,
  hint: ERRORS[error.code].hint,
  retry: ERRORS[error.code].retry,
  page: errorPage(error.code),
});

/** An error as it is printed; with its stack only where it is ours to mend and asked for. */
export function formatError(
  error: unknown,
  options: { readonly format: OutputFormat; readonly color: boolean },
): string {
  const problems = problemsOf(error);
  if (options.format === 'text') return problems.map((problem) => asText(problem, options.color)).join('\n');
  const values = problems.map(errorValue);
  return options.format === 'json'
    ? JSON.stringify({ errors: values }, null, 2)
    : values.map((value) => JSON.stringify({ error: value })).join('\n');
}

export function exitCodeOf(error: unknown): ExitCode {
  const [first] = problemsOf(error);
  return first ? ERRORS[first.code].exit : EXIT.failed;
}
