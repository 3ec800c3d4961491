import { SluiceError } from '../../model/sluice-error.ts';
import { durationMs } from '../../model/transfer-spec.ts';

/** Milliseconds of a --timeout. @throws SluiceError input.invalid */
export function timeoutMs(text: string | undefined): number | null {
  if (text === undefined) return null;
  try {
    return durationMs(text);
  } catch {
    throw new SluiceError('input.invalid', `"${text}" is no duration`, {
      where: '--timeout',
      suggestion: '90s, 10m or 2h',
    });
  }
}
