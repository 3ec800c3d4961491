import type { Command } from 'commander';
import { EXIT } from '../../../model/error-codes.ts';
import type { TransferSpec } from '../../../model/transfer-spec.ts';
import { withEnds } from '../../connection/with-ends.ts';
import { errorValue } from '../../format-error.ts';
import type { Run } from '../../run-command.ts';
import { formatBytes, formatCount } from '../../show/quantities.ts';
import { isLossy, isRefused, showPlan } from '../../show/show-plan.ts';

/** What ends a start before all is copied. */
function limitLines({ limits = {} }: TransferSpec): readonly string[] {
  const { rows, bytes, time } = limits;
  const ends = [
    ...(rows === undefined ? [] : [`${formatCount(rows)} rows`]),
    ...(bytes === undefined ? [] : [formatBytes(bytes)]),
    ...(time === undefined ? [] : [time]),
  ];
  return ends.length === 0 ? [] : [`a start ends after ${ends.join(' or ')}; the next one goes on`];
}

/** `sluice plan NAME` */
export function registerPlan(program: Command, run: Run): void {
  program
    .command('plan')
    .argument('<name>', 'transfer of the configuration')
    .description(
      'what would be done to every table: types, statements, what they leave out, ranges; nothing is changed; exit 4 where a column is lossy or a table refused',
    )
    .action(
      run(async (context, [name = '']) => {
        const config = context.config();
        const spec = config.transfer(name);
        const { planLocally } = await import('../../../workers/local.ts');
        const signal = new AbortController().signal;
        const planned = await withEnds(config, spec, (ends) => planLocally(ends, spec, signal));
        const findings = planned.some(
          (each) => isRefused(each) || each.structure === 'missing' || isLossy(each),
        );
        return {
          value: planned.map((each) => ({ ...each, refusal: each.refusal && errorValue(each.refusal) })),
          text: [showPlan(planned), ...limitLines(spec)].join('\n'),
          exit: findings ? EXIT.findings : EXIT.done,
        };
      }),
    );
}
