import type { StepOutcome } from '../ports/target-structure.ts';

/** One attempt at a step. It calls `refuse` before it throws an error by which the target says that it takes no such thing at all. */
export async function madeOrRefused(
  attempt: (refuse: (vendorCode: string) => void) => Promise<void>,
): Promise<StepOutcome> {
  let refused: string | null = null;
  try {
    await attempt((vendorCode) => {
      refused = vendorCode;
    });
    return { done: 'made' };
  } catch (error) {
    if (refused !== null) return { done: 'refused', vendorCode: refused };
    throw error;
  }
}
