import type { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { StepOutcome, StructureStep } from '../ports/target-structure.ts';

/** What a step of the structure is made with. */
export interface StepMaking<Session> {
  readonly plan: TablePlan;
  readonly step: StructureStep;
  readonly signal: AbortSignal;
  /** Lends a session to the work. */
  readonly lend: (work: (session: Session) => Promise<void>) => Promise<void>;
  readonly make: (session: Session, plan: TablePlan, step: StructureStep) => Promise<void>;
  readonly vendorCode: (error: unknown) => string;
  /** The code says that the target takes no such thing at all. */
  readonly isRefusal: (vendorCode: string) => boolean;
  readonly toError: (
    error: unknown,
    context: { readonly side: 'target'; readonly table: string; readonly suggestion?: string },
  ) => SluiceError;
}

/** One attempt at a step. @throws SluiceError, or after an abort whatever the driver throws */
export async function madeOrRefused<Session>(making: StepMaking<Session>): Promise<StepOutcome> {
  const { plan, step, signal } = making;
  let refused: string | null = null;
  try {
    await making.lend(async (session) => {
      try {
        await making.make(session, plan, step);
      } catch (error) {
        const code = making.vendorCode(error);
        if (making.isRefusal(code)) refused = code;
        const finds = step.finds === null ? {} : { suggestion: step.finds };
        throw signal.aborted ? error : making.toError(error, { side: 'target', table: plan.id, ...finds });
      }
    });
    return { done: 'made' };
  } catch (error) {
    if (refused !== null) return { done: 'refused', vendorCode: refused };
    throw error;
  }
}
