import { type Command, Option } from 'commander';
import type { ParkedChoice, Quarantine } from '../../../engine/ports/quarantine.ts';
import {
  PARKED_STATES,
  type ParkedEvent,
  parkedEvents,
  type ParkedState,
} from '../../../model/quarantine.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Context } from '../../context.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import { operationInWords } from '../../show/operation-words.ts';
import { showError, showErrors } from '../../show/show-errors.ts';
import { limitOf } from '../look/list.ts';
import { withQuarantine } from './with-quarantine.ts';

interface ChoiceOptions {
  readonly table?: string;
  readonly key?: string;
  readonly event?: string;
  readonly state?: ParkedState;
}

interface ListOptions extends ChoiceOptions {
  readonly limit?: string;
}

const PAGE = 1_000;
const never = (): AbortSignal => new AbortController().signal;

const inWords = <T extends ParkedEvent>(event: T): T => ({
  ...event,
  operation: operationInWords(event.operation),
});

const choiceOf = ({ table, key, event, state }: ChoiceOptions): ParkedChoice => ({
  table,
  key,
  event,
  state,
});

async function upTo(
  quarantine: Quarantine,
  transfer: string,
  choice: ParkedChoice,
  limit: number,
): Promise<readonly ParkedEvent[]> {
  const events: ParkedEvent[] = [];
  for (let last: ParkedEvent | undefined; events.length < limit; last = events.at(-1)) {
    const after = last ? { lane: last.lane, event: last.event } : null;
    const size = Math.min(PAGE, limit - events.length);
    const page = await quarantine.list(transfer, choice, { limit: size, after }, never());
    events.push(...page.map(inWords));
    if (page.length < size) break;
  }
  return events;
}

async function list(context: Context, name: string, options: ListOptions): Promise<Outcome> {
  const limit = limitOf(options.limit);
  const found = await withQuarantine(context.config(), name, async (quarantine) => ({
    events: await upTo(quarantine, name, choiceOf(options), limit),
    counts: await quarantine.count(name, never()),
  }));
  const total = parkedEvents(found.counts);
  const cut = found.events.length === limit && total > limit;
  const text = showErrors(found.events) + (cut ? `\n… of ${total}: --limit` : '');
  return { value: { transfer: name, ...found }, text };
}

async function show(context: Context, name: string, event: string): Promise<Outcome> {
  const found = await withQuarantine(context.config(), name, (quarantine) =>
    quarantine.show(name, event, never()),
  );
  if (found) return { value: inWords(found), text: showError(inWords(found)) };
  throw new SluiceError('input.invalid', `event ${event} is not set apart`, {
    where: `transfer ${name}`,
    suggestion: `sluice errors list ${name}`,
  });
}

const VERBS = {
  reactivate: {
    does: 'try waiting and final changes again at once, counted from none; a worker does it within seconds',
    did: 'to be tried again',
    would: 'try again',
  },
  discard: {
    does: 'give changes up for ever: they are never applied; asks for --yes',
    did: 'given up',
    would: 'give up',
  },
} as const;
type Verb = keyof typeof VERBS;

async function change(context: Context, name: string, verb: Verb, options: ChoiceOptions): Promise<Outcome> {
  const { did, would } = VERBS[verb];
  const choice = choiceOf(options);
  if (context.options.dryRun) {
    const events = await withQuarantine(context.config(), name, (quarantine) =>
      upTo(quarantine, name, choice, Number.MAX_SAFE_INTEGER),
    );
    return {
      value: { transfer: name, events: events.length, done: false },
      text: `would ${would} ${events.length} changes of ${name}`,
    };
  }
  if (verb === 'discard' && !context.options.yes)
    throw new SluiceError('input.invalid', 'discarded changes are never applied', {
      where: `transfer ${name}`,
      suggestion: 'look at them with --dry-run, and say so with --yes',
    });
  const events = await withQuarantine(context.config(), name, (quarantine) =>
    quarantine[verb](name, choice, never()),
  );
  return { value: { transfer: name, events, done: true }, text: `${events} changes ${did}` };
}

const withChoice = (command: Command): Command =>
  command
    .option('--table <table>', 'only of this one: schema.table of the source')
    .option('--key <key>', 'only of this key, as the list shows it')
    .option('--event <number>', 'only this one')
    .addOption(new Option('--state <state>', 'only those in this state').choices([...PARKED_STATES]));

/** `sluice errors VERB TRANSFER` */
export function registerErrors(program: Command, run: Run): void {
  const group = program
    .command('errors')
    .description('changes that were refused and are set apart, with those of their keys behind them');
  withChoice(
    group
      .command('list')
      .argument('<name>', 'transfer')
      .description('what is set apart, in order; never a value of a row but its key'),
  )
    .option('--limit <count>', 'at most so many (default 100)')
    .action(run<ListOptions>((context, [name = ''], options) => list(context, name, options)));
  group
    .command('show')
    .argument('<name>', 'transfer')
    .argument('<event>', 'its number, as the list shows it')
    .description('one of them, with what it says of its row')
    .action(run((context, [name = '', event = '']) => show(context, name, event)));
  for (const [verb, { does }] of Object.entries(VERBS))
    withChoice(group.command(verb).argument('<name>', 'transfer').description(does)).action(
      run<ChoiceOptions>((context, [name = ''], options) => change(context, name, verb as Verb, options)),
    );
}
