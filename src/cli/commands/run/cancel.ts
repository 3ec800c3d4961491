import type { Command } from 'commander';
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import type { Run } from '../../run-command.ts';
import { transferHandle } from '../../transfer/transfer-handle.ts';
import { waitForEnd } from '../../transfer/wait-for-end.ts';
import { timeoutMs } from '../../transfer/timeout-option.ts';

interface CancelOptions {
  readonly wait?: boolean;
  readonly timeout?: string;
}

/** `sluice cancel NAME`: Temporal's own cancellation. */
export function registerCancel(program: Command, run: Run): void {
  program
    .command('cancel')
    .argument('<name>')
    .description('end at the next batch and clean up; a later start continues')
    .option('--wait', 'wait for the end')
    .option('--timeout <duration>', 'wait this long at most; then exit 124')
    .action(
      run<CancelOptions>(async (context, [name = ''], options) => {
        const waitMs = timeoutMs(options.timeout);
        const requested = {
          value: { transfer: name, cancelled: 'requested' },
          text: `${name} is being cancelled`,
        };
        if (context.options.dryRun)
          return { value: { transfer: name, cancelled: false }, text: `would cancel ${name}` };
        await transferHandle(await context.client(), name).cancel();
        if (!options.wait) return requested;
        context.output.note(requested.text);
        try {
          return await waitForEnd(context, name, { timeoutMs: waitMs });
        } catch (error) {
          // It was asked for: the cancelled end is the success here.
          if (!(error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure)) throw error;
          return { value: { transfer: name, cancelled: true }, text: `${name} is cancelled` };
        }
      }),
    );
}
