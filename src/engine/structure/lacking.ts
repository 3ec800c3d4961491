import type { TablePlan } from '../../model/table-plan.ts';
import { type Named, missing } from './compare-structure.ts';
import type { StructureLack, StructureStep } from '../ports/target-structure.ts';

interface Sought<T extends Named> {
  readonly wanted: readonly T[];
  /** What the target has of the kind. */
  readonly found: readonly T[];
  readonly meaning: (each: T) => string;
  /** How the target calls it. */
  readonly nameOf: (each: T) => string;
  /** See `missing`. */
  readonly foldsNames?: boolean;
  readonly step: (each: T, name: string) => StructureStep;
}

/**
 * Steps for what is not there. A thing with the name and another meaning is left alone, and said; of another product it may be
 * the same in words that nobody compares.
 */
export function lackingOf<T extends Named>(
  plan: TablePlan,
  product: string,
  sought: Sought<T>,
): Pick<StructureLack, 'steps' | 'differs'> {
  const { wanted, found, nameOf, step } = sought;
  const { lacking, differing } = missing(wanted, found, sought);
  const isSame = plan.structure?.product === product;
  const told = isSame
    ? 'is another one at the target'
    : 'is another one at the target, or the same in words that cannot be compared';
  return {
    steps: lacking.map((each) => step(each, nameOf(each))),
    differs: differing.map((each) => `-- ${nameOf(each)} ${told}: ${step(each, nameOf(each)).sql}`),
  };
}

export const noLack: StructureLack = { steps: [], leftOut: [], differs: [] };

export const joined = (...lacks: readonly Partial<StructureLack>[]): StructureLack => ({
  steps: lacks.flatMap(({ steps = [] }) => steps),
  leftOut: lacks.flatMap(({ leftOut = [] }) => leftOut),
  differs: lacks.flatMap(({ differs = [] }) => differs),
});
