import { type ScheduleHandle, ScheduleNotFoundError } from '@temporalio/client';
import type { Command } from 'commander';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Context } from '../../context.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import {
  connectionFlags,
  type ScheduleVerb,
  scheduleId,
  scheduleVerbLine,
} from '../../transfer/schedule-lines.ts';

interface ScheduleOptions {
  readonly reason?: string;
}

const ACTIONS = {
  pause: { does: 'launch no more; a transfer that runs goes on', done: 'paused' },
  resume: { does: 'launch again', done: 'active' },
  trigger: { does: 'launch once, now', done: 'triggered' },
  delete: { does: 'remove the schedule; a transfer that runs goes on', done: 'deleted' },
} as const satisfies Record<ScheduleVerb, { readonly does: string; readonly done: string }>;

async function act(handle: ScheduleHandle, verb: ScheduleVerb, reason: string | undefined): Promise<void> {
  switch (verb) {
    case 'pause':
      return handle.pause(reason);
    case 'resume':
      return handle.unpause(reason);
    case 'trigger':
      return handle.trigger();
    case 'delete':
      return handle.delete();
  }
}

async function change(
  context: Context,
  verb: ScheduleVerb,
  name: string,
  options: ScheduleOptions,
): Promise<Outcome> {
  const line = scheduleVerbLine(verb, name, connectionFlags(await context.temporal()));
  const value = { schedule: scheduleId(name), transfer: name, temporal: line };
  if (context.options.dryRun) return { value, text: line };
  const client = await context.client();
  try {
    await act(client.schedule.getHandle(scheduleId(name)), verb, options.reason);
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new SluiceError('transfer.not_found', 'there is no schedule for this transfer', {
      where: scheduleId(name),
      suggestion: 'sluice schedule list',
    });
  }
  return {
    value: { ...value, state: ACTIONS[verb].done },
    text: `${scheduleId(name)} ${ACTIONS[verb].done}; the same with the temporal CLI:\n  ${line}`,
  };
}

/** `sluice schedule pause|resume|trigger|delete NAME` */
export function registerScheduleControl(group: Command, run: Run): void {
  for (const verb of Object.keys(ACTIONS) as ScheduleVerb[]) {
    const command = group.command(verb).argument('<name>', 'transfer').description(ACTIONS[verb].does);
    if (verb === 'pause' || verb === 'resume') command.option('--reason <text>', 'shown with the schedule');
    command.action(
      run<ScheduleOptions>((context, [name = ''], options) => change(context, verb, name, options)),
    );
  }
}
