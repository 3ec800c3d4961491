import type { CompareLiveResult } from '../activities/contract.ts';
import { ERRORS } from '../model/error-codes.ts';
import { countCompared } from './check-moves.ts';
import type { Control } from './control.ts';
import { putOffMs } from './failing.ts';
import { runSlice, sliceOf } from './slices.ts';

/** A table may take longer than a slice. */
const COMPARE_LIMIT = '24h';

/** One slice of the comparison while changes flow; see TransferActivities.compareLive. */
export async function compareLive(control: Control): Promise<void> {
  const { check } = control.state;
  if (!check) return;
  const request = { ...control.runKey(), after: check.after };
  const summary = `compare both sides while changes flow${check.after === null ? '' : `, behind ${check.after}`}`;
  const options = { summary, startToCloseTimeout: COMPARE_LIMIT } as const;
  const outcome = await runSlice<CompareLiveResult>(control, sliceOf(control, 'check', []), () =>
    control.target.compareLive.executeWithOptions(options, [request]),
  );
  if (!outcome) return;
  if ('error' in outcome) {
    const { code, message } = outcome.error;
    check.fruitless += 1;
    check.notBeforeMs = Date.now() + putOffMs(check.fruitless);
    if (ERRORS[code].retry === 'auto') return;
    check.error = { code, message };
    check.endedAt = new Date().toISOString();
    return;
  }
  const { compared, ended } = outcome.result;
  if (compared.length > 0) check.fruitless = 0;
  for (const each of compared) countCompared(check, each);
  if (ended) check.endedAt = new Date().toISOString();
}
