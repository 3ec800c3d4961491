import type { Command } from 'commander';
import { transferWorkflowId } from '../../../workflows/messages.ts';
import type { Run } from '../../run-command.ts';
import { addSettingsOptions, givenSettings, type SettingsOptions } from '../../transfer/settings-options.ts';
import { inputOf, startTransfer } from '../../transfer/start-transfer.ts';
import { timeoutMs } from '../../transfer/timeout-option.ts';
import { waitForEnd } from '../../transfer/wait-for-end.ts';

interface StartOptions extends SettingsOptions {
  readonly wait?: boolean;
  readonly timeout?: string;
}

/** `sluice start NAME` */
export function registerStart(program: Command, run: Run): void {
  const command = program
    .command('start')
    .argument('<name>', 'transfer of the configuration')
    .description('start a transfer; an unfinished run of the same plan is continued')
    .option('--wait', 'wait for the end and show how far it is')
    .option('--timeout <duration>', 'wait this long at most, for example 10m; then exit 124');
  addSettingsOptions(command).action(
    run<StartOptions>(async (context, [name = ''], options) => {
      // The workers have the configuration; here it only catches a wrong name early.
      context.configIfThere()?.transfer(name);
      const input = inputOf(name, givenSettings(options));
      const waitMs = timeoutMs(options.timeout);
      if (context.options.dryRun) {
        return {
          value: { transfer: name, input, started: false },
          text: `would start ${name} with ${JSON.stringify(input)}`,
        };
      }
      const { runId } = await startTransfer(context, name, {
        input,
        taskQueue: (await context.temporal()).taskQueue,
      });
      if (options.wait) {
        context.output.note(`started ${name}`);
        return waitForEnd(context, name, { timeoutMs: waitMs });
      }
      return {
        value: { transfer: name, workflowId: transferWorkflowId(name), runId, started: true },
        text: `started ${name}: sluice status ${name} --watch`,
      };
    }),
  );
}
