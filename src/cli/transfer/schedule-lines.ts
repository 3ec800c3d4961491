import { DEFAULT_TASK_QUEUE, LAUNCH_WORKFLOW } from '../../workflows/messages.ts';

/** When and how a transfer is launched. */
export interface ScheduleRequest {
  readonly transfer: string;
  readonly cron: readonly string[];
  /** `45m`, or `6h/5h`: every 6 hours, at the top of the 5th. */
  readonly intervals: readonly string[];
  readonly timeZone?: string;
  readonly jitter?: string;
  readonly paused: boolean;
  readonly note?: string;
  readonly taskQueue: string;
}

/** Missed by more than this, a launch is left out: a transfer that is late is not wanted twice. */
export const CATCHUP_WINDOW = '1m';

export const scheduleId = (transfer: string): string => `sluice/${transfer}`;

/** Temporal appends the time to it, so this id is no mutex: the launch workflow starts the fixed one. */
export const launchWorkflowId = (transfer: string): string => `launch/${transfer}`;

const SAFE = /^[A-Za-z0-9_./:@%+=,-]+$/;

/** A word of a shell line. */
export const shellWord = (text: string): string =>
  SAFE.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Flags of the connection, repeated so that the printed line works as it stands; never a secret. */
export const connectionFlags = (temporal: {
  readonly address: string;
  readonly namespace: string;
}): readonly string[] => [
  ...(temporal.address === 'localhost:7233' ? [] : ['--address', temporal.address]),
  ...(temporal.namespace === 'default' ? [] : ['--namespace', temporal.namespace]),
];

/** The line for the temporal CLI that makes the same schedule. */
export function scheduleCreateLine(request: ScheduleRequest, flags: readonly string[]): string {
  const words = [
    'temporal',
    'schedule',
    'create',
    '--schedule-id',
    scheduleId(request.transfer),
    ...request.cron.flatMap((cron) => ['--cron', cron]),
    ...request.intervals.flatMap((interval) => ['--interval', interval]),
    ...(request.timeZone === undefined ? [] : ['--time-zone', request.timeZone]),
    ...(request.jitter === undefined ? [] : ['--jitter', request.jitter]),
    ...(request.paused ? ['--paused'] : []),
    ...(request.note === undefined ? [] : ['--notes', request.note]),
    '--type',
    LAUNCH_WORKFLOW,
    '--workflow-id',
    launchWorkflowId(request.transfer),
    '--task-queue',
    request.taskQueue || DEFAULT_TASK_QUEUE,
    '--input',
    JSON.stringify(request.transfer),
    '--overlap-policy',
    'Skip',
    '--catchup-window',
    CATCHUP_WINDOW,
    '--pause-on-failure',
    ...flags,
  ];
  return words.map(shellWord).join(' ');
}

export type ScheduleVerb = 'pause' | 'resume' | 'trigger' | 'delete';

/** The same for what is done to a schedule. */
export function scheduleVerbLine(verb: ScheduleVerb, transfer: string, flags: readonly string[]): string {
  const id = ['--schedule-id', scheduleId(transfer)];
  const words = {
    pause: ['toggle', '--pause', ...id],
    resume: ['toggle', '--unpause', ...id],
    trigger: ['trigger', ...id],
    delete: ['delete', ...id],
  }[verb];
  return ['temporal', 'schedule', ...words, ...flags].map(shellWord).join(' ');
}
