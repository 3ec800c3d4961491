import { SluiceError } from './sluice-error.ts';
import type { TransferSpec } from './transfer-spec.ts';

/** The order of a key's changes decides what a target has in the end: only where nothing but events is kept may there be none. */
export function unorderedTarget(transfer: string, { topics, changes }: TransferSpec): SluiceError | null {
  if (topics || changes?.ordering !== 'none') return null;
  return new SluiceError(
    'config.invalid',
    'the order of changes decides what a target has: none is for topics',
    {
      where: `transfers.${transfer}.changes.ordering`,
      suggestion: 'ordering: key, with which a refused change holds up those of its key, and no other',
    },
  );
}
