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
  readonly step: (each: T, name: string) => StructureStep;
}

/**
 * Steps for what is not there. Of another product a thing is known again by its name, for words come back changed; of the same
 * one a thing with the name and another meaning is a difference.
 */
export function lackingOf<T extends Named>(
  plan: TablePlan,
  product: string,
  sought: Sought<T>,
): Pick<StructureLack, 'steps' | 'differs'> {
  const { wanted, found, nameOf, meaning, step } = sought;
  const { lacking, differing } = missing(wanted, found, { nameOf, meaning });
  const isSame = plan.structure?.product === product;
  return {
    steps: lacking.map((each) => step(each, nameOf(each))),
    differs: isSame
      ? differing.map(
          (each) => `-- ${nameOf(each)} is another one at the target: ${step(each, nameOf(each)).sql}`,
        )
      : [],
  };
}

export const noLack: StructureLack = { steps: [], leftOut: [], differs: [] };

export const joined = (...lacks: readonly Partial<StructureLack>[]): StructureLack => ({
  steps: lacks.flatMap(({ steps = [] }) => steps),
  leftOut: lacks.flatMap(({ leftOut = [] }) => leftOut),
  differs: lacks.flatMap(({ differs = [] }) => differs),
});
