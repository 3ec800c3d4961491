import type { SignalDefinition, UpdateDefinition } from '@temporalio/common';
import type { Command } from 'commander';
import { SluiceError } from '../../../model/sluice-error.ts';
import {
  type TableAnswer,
  tablePauseSignal,
  tablePauseUpdate,
  tableResnapshotSignal,
  tableResnapshotUpdate,
  tableResumeSignal,
  tableResumeUpdate,
  tableRetrySignal,
  tableRetryUpdate,
  tableSkipSignal,
  tableSkipUpdate,
  type TableWish,
} from '../../../workflows/messages.ts';
import type { Context } from '../../context.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import { tellTransfer } from '../../transfer/tell-transfer.ts';
import { byWhom } from '../../transfer/by-whom.ts';

interface TableVerb {
  readonly update: UpdateDefinition<TableAnswer, [TableWish]>;
  readonly signal: SignalDefinition<[TableWish]>;
  readonly does: string;
  /** Rows at the target are thrown away: asks for --yes. */
  readonly clears?: boolean;
}

const VERBS = {
  pause: {
    update: tablePauseUpdate,
    signal: tablePauseSignal,
    does: 'stop one table at its next batch; the others go on',
  },
  resume: { update: tableResumeUpdate, signal: tableResumeSignal, does: 'go on with a paused table' },
  retry: {
    update: tableRetryUpdate,
    signal: tableRetrySignal,
    does: 'try a blocked, failed or skipped table again',
  },
  skip: { update: tableSkipUpdate, signal: tableSkipSignal, does: 'leave a table out of this run' },
  resnapshot: {
    update: tableResnapshotUpdate,
    signal: tableResnapshotSignal,
    does: 'copy a table again from the beginning, in a new generation',
    clears: true,
  },
} as const satisfies Record<string, TableVerb>;

export type TableVerbName = keyof typeof VERBS;

export interface TableOptions {
  readonly reason?: string;
}

export interface TableRequest {
  readonly verb: TableVerbName;
  readonly table: string;
  readonly options: TableOptions;
}

const ANSWER_MS = 10_000;

/** Says something about one table to its transfer. */
export async function tellTable(
  context: Context,
  name: string,
  { verb, table, options }: TableRequest,
): Promise<Outcome> {
  const { update, signal, clears = false }: TableVerb = VERBS[verb];
  if (context.options.dryRun)
    return { value: { transfer: name, table, told: false }, text: `would ${verb} ${table} of ${name}` };
  if (clears && !context.options.yes) {
    throw new SluiceError(
      'input.invalid',
      `${verb} clears ${table} at the target and copies it again, or sends all of its rows to its topic again`,
      {
        where: `transfer ${name}`,
        suggestion: 'say so with --yes',
      },
    );
  }
  const arg: TableWish = {
    table,
    by: byWhom(),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  };
  const told = await tellTransfer(await context.client(), name, {
    update,
    signal,
    arg,
    answerWithinMs: ANSWER_MS,
  });
  return told.how === 'answered'
    ? { value: { transfer: name, ...told.answer }, text: `${table} is ${told.answer.status}` }
    : {
        value: { transfer: name, table, recorded: true },
        text: `no worker answers: ${verb} is recorded and takes effect when one runs`,
      };
}

/** `sluice table VERB NAME TABLE` */
export function registerTable(program: Command, run: Run): void {
  const group = program.command('table').description("one table's life in a running transfer");
  for (const [verb, { does }] of Object.entries(VERBS)) {
    group
      .command(verb)
      .argument('<name>', 'transfer')
      .argument('<table>', 'schema.table, as sluice status shows it')
      .description(does)
      .option('--reason <text>', 'why; shown in status and report')
      .action(
        run<TableOptions>(async (context, [name = '', table = ''], options) =>
          tellTable(context, name, { verb: verb as TableVerbName, table, options }),
        ),
      );
  }
}
