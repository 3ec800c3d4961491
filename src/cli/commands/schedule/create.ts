import type { IntervalSpec, ScheduleOptions } from '@temporalio/client';
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Duration } from '@temporalio/common';
import type { Command } from 'commander';
import { SluiceError } from '../../../model/sluice-error.ts';
import { LAUNCH_WORKFLOW } from '../../../workflows/messages.ts';
import type { Context } from '../../context.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import {
  CATCHUP_WINDOW,
  connectionFlags,
  launchWorkflowId,
  type ScheduleRequest,
  scheduleCreateLine,
  scheduleId,
} from '../../transfer/schedule-lines.ts';

interface CreateOptions {
  readonly cron?: readonly string[];
  readonly interval?: readonly string[];
  readonly timeZone?: string;
  readonly jitter?: string;
  readonly paused?: boolean;
  readonly note?: string;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function intervalSpec(text: string): IntervalSpec {
  const [every = '', offset] = text.split('/', 2);
  return offset === undefined
    ? { every: every as Duration }
    : { every: every as Duration, offset: offset as Duration };
}

const scheduleOptions = (request: ScheduleRequest): ScheduleOptions => ({
  scheduleId: scheduleId(request.transfer),
  spec: {
    cronExpressions: [...request.cron],
    intervals: request.intervals.map(intervalSpec),
    ...(request.timeZone === undefined ? {} : { timezone: request.timeZone }),
    ...(request.jitter === undefined ? {} : { jitter: request.jitter as Duration }),
  },
  action: {
    type: 'startWorkflow',
    workflowType: LAUNCH_WORKFLOW,
    workflowId: launchWorkflowId(request.transfer),
    taskQueue: request.taskQueue,
    args: [request.transfer],
  },
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_WINDOW, pauseOnFailure: true },
  state: { paused: request.paused, ...(request.note === undefined ? {} : { note: request.note }) },
});

function requestOf(
  context: Context,
  name: string,
  taskQueue: string,
  options: CreateOptions,
): ScheduleRequest {
  const { cron = [], interval = [], timeZone, jitter, note } = options;
  if (cron.length + interval.length === 0) {
    throw new SluiceError('input.invalid', 'a schedule needs --cron or --interval', {
      where: `schedule ${name}`,
    });
  }
  context.configIfThere()?.transfer(name);
  return {
    transfer: name,
    cron,
    intervals: interval,
    paused: options.paused === true,
    taskQueue,
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(jitter === undefined ? {} : { jitter }),
    ...(note === undefined ? {} : { note }),
  };
}

async function createSchedule(context: Context, name: string, options: CreateOptions): Promise<Outcome> {
  const temporal = await context.temporal();
  const request = requestOf(context, name, temporal.taskQueue, options);
  const line = scheduleCreateLine(request, connectionFlags(temporal));
  const value = { schedule: scheduleId(name), transfer: name, temporal: line };
  if (context.options.dryRun) return { value: { ...value, created: false }, text: line };
  const client = await context.client();
  try {
    await client.schedule.create(scheduleOptions(request));
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    throw new SluiceError('input.invalid', 'there is a schedule for this transfer already', {
      where: scheduleId(name),
      suggestion: `sluice schedule delete ${name}, then create it anew`,
    });
  }
  const text = `created ${scheduleId(name)}; the same with the temporal CLI:\n  ${line}`;
  return { value: { ...value, created: true }, text };
}

/** `sluice schedule create NAME --cron …` */
export function registerScheduleCreate(group: Command, run: Run): void {
  group
    .command('create')
    .argument('<name>', 'transfer')
    .description(
      'launch a transfer again and again; a launch while it runs is skipped, a failure pauses the schedule',
    )
    .option('--cron <expression>', 'for example "30 2 * * *"; may be given several times', collect)
    .option('--interval <duration>', 'for example 45m, or 6h/5h; may be given several times', collect)
    .option('--time-zone <name>', 'of the cron expressions, for example Europe/Zurich (default UTC)')
    .option('--jitter <duration>', 'spread the start by up to this')
    .option('--paused', 'begin paused')
    .option('--note <text>', 'shown with the schedule')
    .action(run<CreateOptions>((context, [name = ''], options) => createSchedule(context, name, options)));
}
