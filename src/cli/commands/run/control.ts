import type { Command } from 'commander';
import type { SignalDefinition, UpdateDefinition } from '@temporalio/common';
import {
  type Answer,
  cutOverSignal,
  cutOverUpdate,
  pauseAndWaitUpdate,
  pauseSignal,
  pauseUpdate,
  resumeSignal,
  resumeUpdate,
  stopSignal,
  stopUpdate,
  type Wish,
} from '../../../workflows/messages.ts';
import type { Context } from '../../context.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import { tellTransfer } from '../../transfer/tell-transfer.ts';
import { waitForEnd } from '../../transfer/wait-for-end.ts';
import { tellTable } from '../table/table.ts';
import { byWhom } from '../../transfer/by-whom.ts';
import { timeoutMs } from '../../transfer/timeout-option.ts';

const ANSWER_MS = 10_000;
/** A reader ends its batch, a writer its transaction: seconds, but a huge row over a slow line takes longer. */
const QUIET_MS = 600_000;

export interface WishOptions {
  readonly reason?: string;
  readonly table?: string;
  readonly wait?: boolean;
  readonly timeout?: string;
}

export const wishOf = (options: WishOptions): Wish => ({
  by: byWhom(),
  ...(options.reason === undefined ? {} : { reason: options.reason }),
});

interface Said {
  readonly update: UpdateDefinition<Answer, [Wish?]>;
  readonly signal: SignalDefinition<[Wish?]>;
  readonly answerWithinMs: number;
}

async function tell(context: Context, name: string, said: Said, options: WishOptions): Promise<Outcome> {
  if (context.options.dryRun)
    return { value: { transfer: name, told: false }, text: `would tell ${name}: ${said.signal.name}` };
  const told = await tellTransfer(await context.client(), name, {
    update: said.update as UpdateDefinition<Answer, [Wish]>,
    signal: said.signal as SignalDefinition<[Wish]>,
    arg: wishOf(options),
    answerWithinMs: said.answerWithinMs,
  });
  return told.how === 'answered'
    ? { value: { transfer: name, ...told.answer }, text: `${name} is ${told.answer.phase}` }
    : {
        value: { transfer: name, recorded: true },
        text: `no worker answers: ${said.signal.name} is recorded and takes effect when one runs`,
      };
}

const addWishOptions = (command: Command): Command =>
  command.option('--reason <text>', 'why; shown in status and report');

/** `sluice pause NAME` */
export function registerPause(program: Command, run: Run): void {
  addWishOptions(program.command('pause'))
    .argument('<name>')
    .description('end at the next batch and wait; nothing is lost')
    .option('--table <table>', 'only this table')
    .option('--wait', 'answer only when nothing runs any more')
    .action(
      run<WishOptions>(async (context, [name = ''], options) => {
        if (options.table !== undefined)
          return tellTable(context, name, { verb: 'pause', table: options.table, options });
        const said = options.wait
          ? { update: pauseAndWaitUpdate, signal: pauseSignal, answerWithinMs: QUIET_MS }
          : { update: pauseUpdate, signal: pauseSignal, answerWithinMs: ANSWER_MS };
        return tell(context, name, said, options);
      }),
    );
}

/** `sluice resume NAME` */
export function registerResume(program: Command, run: Run): void {
  addWishOptions(program.command('resume'))
    .argument('<name>')
    .description('go on after a pause')
    .option('--table <table>', 'only this table')
    .action(
      run<WishOptions>(async (context, [name = ''], options) => {
        if (options.table !== undefined)
          return tellTable(context, name, { verb: 'resume', table: options.table, options });
        return tell(
          context,
          name,
          { update: resumeUpdate, signal: resumeSignal, answerWithinMs: ANSWER_MS },
          options,
        );
      }),
    );
}

interface Ending {
  readonly name: string;
  readonly description: string;
  readonly said: Said;
}

/** A command that brings a transfer to its end, and may wait for it. */
function registerEnding(program: Command, run: Run, { name: verb, description, said }: Ending): void {
  addWishOptions(program.command(verb))
    .argument('<name>')
    .description(description)
    .option('--wait', 'wait for the end')
    .option('--timeout <duration>', 'wait this long at most; then exit 124')
    .action(
      run<WishOptions>(async (context, [name = ''], options) => {
        const waitMs = timeoutMs(options.timeout);
        const answer = await tell(context, name, said, options);
        if (!options.wait || context.options.dryRun) return answer;
        context.output.note(answer.text);
        return waitForEnd(context, name, { timeoutMs: waitMs });
      }),
    );
}

/** `sluice stop NAME` */
export const registerStop = (program: Command, run: Run): void =>
  registerEnding(program, run, {
    name: 'stop',
    description: 'read no more, apply what is in the hub, then end; a later start continues',
    said: { update: stopUpdate, signal: stopSignal, answerWithinMs: ANSWER_MS },
  });

/** `sluice cut-over NAME` */
export const registerCutOver = (program: Command, run: Run): void =>
  registerEnding(program, run, {
    name: 'cut-over',
    description:
      'apply all changes that are pending, verify, then end; when nobody writes at the source any more',
    said: { update: cutOverUpdate, signal: cutOverSignal, answerWithinMs: ANSWER_MS },
  });
