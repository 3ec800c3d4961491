import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import type { TableState, TransferStatus } from '../../workflows/messages.ts';
import type { Context } from '../context.ts';
import { showProgressLine } from '../show/show-status.ts';
import { idleQueues } from '../temporal/has-pollers.ts';
import { explainTemporalError } from '../temporal/explain-error.ts';
import { shellWord } from './schedule-lines.ts';
import { queryBlocked, queryStatus } from './transfer-handle.ts';

const LIVE_EVERY_MS = 1_000;
/** Nobody sees the progress: only a standstill is looked for. */
const QUIET_EVERY_MS = 2_000;
/** Seen so often in a row: a table that is being retried is blocked for a moment still. */
const BLOCKED_FOR_LOOKS = 2;
/** A worker that starts or is busy answers a little later. */
const SILENT_FOR_LOOKS = 3;
/** Whether each queue has a worker is asked this seldom. */
const ATTENDED_EVERY_LOOKS = 15;
/** Tables that the error names one by one. */
const NAMED_TABLES = 20;

const ofTable = ({ table, error }: TableState): SluiceError =>
  new SluiceError(error?.code ?? 'internal', error?.message ?? 'the table waits for a person', {
    table,
    ...(error?.column ? { column: error.column } : {}),
    ...(error?.vendorCode ? { vendorCode: error.vendorCode } : {}),
    ...(error?.suggestion ? { suggestion: error.suggestion } : {}),
  });

/** What stands still, why and how to go on: the first of its errors is the transfer's, the others are its tables'. */
export function blockedError(
  name: string,
  { reason }: Pick<TransferStatus, 'reason'>,
  { total, tables }: { readonly total: number; readonly tables: readonly TableState[] },
): SluiceError {
  const where = `transfer ${name}`;
  if (tables.length === 0) {
    const why = reason?.text ?? 'every table that is left is paused';
    const suggestion = `mend that, then: sluice resume ${name}`;
    return new SluiceError('transfer.blocked', `it waits for a person: ${why}`, { where, suggestion });
  }
  const which = total === 1 ? '1 table waits' : `${total} tables wait`;
  const more = total > tables.length ? `; sluice status ${name} --all names all of them` : '';
  const message = `${which} for a person, nothing else is left to do${more}. What was copied stays, the transfer goes on waiting.`;
  const [first] = tables;
  const suggestion = `mend what is named below, then: sluice table retry ${name} ${shellWord(first?.table ?? '')}`;
  const whole = new SluiceError('transfer.blocked', message, { where, suggestion });
  return new SluiceError('transfer.blocked', message, {
    where,
    suggestion,
    cause: new AggregateError([whole, ...tables.map(ofTable)]),
  });
}

/** Says a line once, and again only after another one. */
function sayer(context: Context): (line: string) => void {
  let last = '';
  return (line) => {
    if (line !== last && line !== '') context.output.note(line);
    last = line;
  };
}

/** What a waiting person should know besides the progress. */
function standing(name: string, { phase, reason }: TransferStatus): string {
  if (phase !== 'paused') return '';
  const why = reason ? `: ${reason.text}${reason.by ? `, by ${reason.by}` : ''}` : '';
  return `${name} is paused${why}; it goes on with: sluice resume ${name}`;
}

/** Readers and writers have workers of their own: one kind may lack while the workflow answers. */
async function unattended(
  client: Client,
  namespace: string,
  { taskQueues }: Pick<TransferStatus, 'taskQueues'>,
): Promise<string> {
  const idle = await idleQueues(client, namespace, taskQueues).catch(() => []);
  return idle.length === 0 ? '' : `no worker polls ${idle.join(' and ')}: what waits there stands still`;
}

/** @returns null where no worker answers now, which must not end the waiting */
async function statusOrSilence(client: Client, name: string): Promise<TransferStatus | 'no-worker' | null> {
  try {
    return await queryStatus(client, name);
  } catch (error) {
    const known = explainTemporalError(error, name);
    return isSluiceError(known) && known.code === 'temporal.no_worker' ? 'no-worker' : null;
  }
}

/**
 * Looks on while a transfer runs: shows its progress where a person sees it, and says when it waits for a worker or
 * somebody paused it. Returns once the signal is aborted.
 * @throws SluiceError transfer.blocked when every table that is left waits for a person
 */
export async function lookOn(context: Context, name: string, signal: AbortSignal): Promise<void> {
  const client = await context.client();
  const say = sayer(context);
  const { taskQueue, namespace } = await context.temporal();
  for (let blocked = 0, silent = 0, looks = 0; !signal.aborted; ) {
    const status = await statusOrSilence(client, name);
    if (signal.aborted) return;
    silent = status === 'no-worker' ? silent + 1 : 0;
    if (silent === SILENT_FOR_LOOKS)
      say(`no worker answers; start one with: sluice worker (task queue ${taskQueue})`);
    if (status !== null && status !== 'no-worker') {
      say(standing(name, status));
      if (looks++ % ATTENDED_EVERY_LOOKS === 1) say(await unattended(client, namespace, status));
      context.output.progress(showProgressLine(status));
      blocked = status.phase === 'blocked' ? blocked + 1 : 0;
      if (blocked >= BLOCKED_FOR_LOOKS) {
        const page = await queryBlocked(client, name, NAMED_TABLES);
        // Tables that a person paused wait for that person, who knows.
        if (page.total > 0 || status.reason !== null) throw blockedError(name, status, page);
        say(
          `${name}: every table that is left is paused; it goes on with: sluice table resume ${name} TABLE`,
        );
      }
    }
    const pauseMs = context.output.live ? LIVE_EVERY_MS : QUIET_EVERY_MS;
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
