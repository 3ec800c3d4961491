import { errorPage } from '../../src/cli/format-error.ts';
import { ERRORS, type ErrorCode, EXIT, type Retry } from '../../src/model/error-codes.ts';
import { generatedFrom, table } from './table.ts';

const RETRY: Readonly<Record<Retry, string>> = {
  auto: 'Temporal tries the step again by itself; nothing is lost meanwhile.',
  manual: 'Where it concerns a table, the table is `blocked` until a person retries it; the others go on.',
  never: 'What was asked for ends with this error.',
};

const exitName = (exit: number): string =>
  `${exit} (${Object.entries(EXIT).find(([, value]) => value === exit)?.[0] ?? ''})`;

/** GitHub leaves dots and underscores of headings in its own way: the anchor that errors print stands before each. */
function renderError(code: ErrorCode): string {
  const { retry, exit, http, hint } = ERRORS[code];
  return [
    `<a id="${errorPage(code).split('#')[1]}"></a>`,
    '',
    `### \`${code}\``,
    '',
    hint,
    '',
    `Retry: ${retry} · exit code: ${exitName(exit)} · HTTP status: ${http}`,
  ].join('\n');
}

const INTRODUCTION = `# Errors

An error has the same code in the command line, in Temporal (the type of the failure), in \`status\` and in reports: where it
arose, what happened, what mends it, often as an SQL statement. Its message never holds a value of a cell, a key or a secret.
A code of the vendor (SQLSTATE, a code of SQLite or NATS) stands behind the message in brackets.

With \`-o json\` an error is \`{"errors": [{"code", "message", "where", "hint", "retry", "page", …}]}\` on standard error.`;

/** docs/reference/errors.md */
export function renderErrors(): string {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  return [
    generatedFrom('src/model/error-codes.ts'),
    '',
    INTRODUCTION,
    '',
    table(['retry', 'means'], Object.entries(RETRY)),
    '',
    '## Codes',
    '',
    codes.map(renderError).join('\n\n'),
    '',
  ].join('\n');
}
