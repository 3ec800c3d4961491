import type { Command } from 'commander';
import type { DeployOutcome, TriggerPlan } from '../../../engine/ports/trigger-manager.ts';
import { EXIT, type ExitCode } from '../../../model/error-codes.ts';
import { tableId } from '../../../model/table-name.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import { showDeployment, showTriggerPlan } from '../../show/show-trigger-plan.ts';
import { withCapture } from './with-capture.ts';

const planValue = ({ triggers, warnings, refusals }: TriggerPlan) => ({
  triggers: triggers.map((each) => ({ ...each, table: tableId(each.table) })),
  warnings: warnings.map((each) => ({ ...each, table: tableId(each.table) })),
  refusals: refusals.map((each) => ({ ...each, table: tableId(each.table) })),
});

const planOutcome = (plan: TriggerPlan): Outcome & { readonly exit: ExitCode } => {
  const findings =
    plan.refusals.length > 0 || plan.triggers.some(({ state }) => state === 'disabled' || state === 'orphan');
  return {
    value: planValue(plan),
    text: showTriggerPlan(plan),
    exit: findings ? EXIT.findings : EXIT.done,
  };
};

/** The names of tables stand behind the connection as one argument of commander's. */
export const tablesOf = (args: readonly string[]): readonly string[] =>
  (args[1] ?? []) as unknown as readonly string[];

/** `sluice capture plan CONNECTION [TABLE…]` */
export function registerPlanOfTriggers(group: Command, run: Run): void {
  group
    .command('plan')
    .argument('<connection>', 'source of the configuration')
    .argument('[tables...]', 'patterns of captured tables; without one all')
    .description(
      'triggers as they are and as they are to be, with what they do not see; nothing is changed; exit 4 where a table is refused, or a trigger is disabled or on another table',
    )
    .action(
      run((context, args) =>
        withCapture(context.config(), args[0] ?? '', async ({ triggers, select, signal }) =>
          planOutcome(await triggers.plan(await select(tablesOf(args)), signal)),
        ),
      ),
    );
}

const NOT_FOR_CAPTURE = 'capture.table_unsupported';

function exitOf(outcomes: readonly DeployOutcome[]): ExitCode {
  const failed = outcomes.filter(({ done }) => done === 'failed');
  if (failed.length === 0) return EXIT.done;
  return failed.every(({ error }) => error?.code === NOT_FOR_CAPTURE) ? EXIT.findings : EXIT.failed;
}

export const deployOutcome = (outcomes: readonly DeployOutcome[]): Outcome & { readonly exit: ExitCode } => ({
  value: outcomes.map((each) => ({ ...each, table: tableId(each.table) })),
  text: showDeployment(outcomes),
  exit: exitOf(outcomes),
});

/** `sluice capture deploy CONNECTION [TABLE…]` */
export function registerDeploy(group: Command, run: Run): void {
  group
    .command('deploy')
    .argument('<connection>', 'source of the configuration')
    .argument('[tables...]', 'patterns of captured tables; without one all')
    .description(
      'make the triggers what the plan says, table by table; exit 4 where a table is refused, 1 where one failed',
    )
    .action(
      run((context, args) =>
        withCapture(context.config(), args[0] ?? '', async ({ triggers, select, signal }) => {
          const tables = await select(tablesOf(args));
          return context.options.dryRun
            ? planOutcome(await triggers.plan(tables, signal))
            : deployOutcome(await triggers.deploy(tables, signal));
        }),
      ),
    );
}
