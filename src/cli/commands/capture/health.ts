import type { Command } from 'commander';
import { EXIT } from '../../../model/error-codes.ts';
import { gatherHealth } from '../../health/gather-health.ts';
import { healthReport } from '../../health/health-value.ts';
import { showHealth } from '../../health/show-health.ts';
import type { Run } from '../../run-command.ts';
import { withCapture } from './with-capture.ts';

interface HealthOptions {
  readonly sourceOnly?: boolean;
}

/** `sluice capture health CONNECTION` */
export function registerHealth(group: Command, run: Run): void {
  group
    .command('health')
    .argument('<connection>', 'source of the configuration')
    .option('--source-only', 'ask the source alone: neither Temporal nor hubs nor targets')
    .description(
      'triggers, staging, lanes, loads, refused changes, and who else is needed; exit 4 with warnings, and as any command where the source does not answer',
    )
    .action(
      run<HealthOptions>((context, [connection = ''], options) =>
        withCapture(context.config(), connection, async (capture) => {
          const asked = { connection, sourceOnly: options.sourceOnly === true };
          const { judgeCapture } = await import('../../../workers/local.ts');
          const gathered = await gatherHealth(context, capture, asked);
          const warnings = judgeCapture(gathered.facts);
          const report = healthReport(gathered, warnings, asked);
          return {
            value: report,
            text: showHealth(report),
            exit: warnings.length === 0 ? EXIT.done : EXIT.findings,
          };
        }),
      ),
    );
}
