import type { Command } from 'commander';
import { retentionMsOf } from '../../../model/capture-spec.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Context } from '../../context.ts';
import type { Run } from '../../run-command.ts';
import { demandYes, type OpenCapture, withCapture } from './with-capture.ts';

/** @throws SluiceError transfer.already_running, temporal.unreachable where nobody can tell */
async function demandEnded(context: Context, transfer: string): Promise<void> {
  const { isRunning } = await import('../../transfer/transfer-handle.ts');
  if (!(await isRunning(await context.client(), transfer))) return;
  throw new SluiceError('transfer.already_running', `${transfer} runs, and needs its changes`, {
    suggestion: `sluice cancel ${transfer}`,
  });
}

/** @throws SluiceError config.unknown_name for a transfer that nothing is kept for */
async function pendingOf({ changes, signal }: OpenCapture, connection: string, transfer: string) {
  const lanes = await changes.lanes(transfer, signal);
  if (lanes.length > 0) return changes.backlog(transfer, signal);
  throw new SluiceError('config.unknown_name', `nothing is kept at ${connection} for ${transfer}`, {
    where: `capture of ${connection}`,
  });
}

/** `sluice capture release CONNECTION TRANSFER` */
export function registerRelease(group: Command, run: Run): void {
  group
    .command('release')
    .argument('<connection>', 'source of the configuration')
    .argument('<transfer>', 'a transfer that was cancelled or is there no more')
    .description(
      'keep no changes for a transfer any more: what no other one takes is deleted; a transfer that runs is left alone',
    )
    .action(
      run((context, [connection = '', transfer = '']) =>
        withCapture(context.config(), connection, async (capture) => {
          const { events } = await pendingOf(capture, connection, transfer);
          const value = { connection, transfer, events };
          const changes = `${events.toLocaleString('en-US')} change${events === 1 ? '' : 's'}`;
          if (context.options.dryRun)
            return { value: { ...value, released: false }, text: `would give up ${changes} for ${transfer}` };
          await demandEnded(context, transfer);
          demandYes(context, connection, `${changes} that ${transfer} has not applied will be given up`);
          await capture.changes.unregister(transfer, capture.signal);
          // Nobody else may come by to do it.
          await capture.changes.housekeep({ retentionMs: retentionMsOf(capture.spec) }, capture.signal);
          return {
            value: { ...value, released: true },
            text: `✓ ${connection} keeps no changes for ${transfer} any more`,
          };
        }),
      ),
    );
}
