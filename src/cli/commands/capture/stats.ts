import type { Command } from 'commander';
import { SluiceError } from '../../../model/sluice-error.ts';
import { durationMs } from '../../../model/transfer-spec.ts';
import type { Context } from '../../context.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import { showStatistics } from '../../show/show-statistics.ts';
import { withCapture } from './with-capture.ts';

const SINCE = '1h';

interface StatsOptions {
  readonly since?: string;
}

/** @throws SluiceError input.invalid */
function sinceMsOf(text: string, nowMs: number): number {
  if (/^\d+(ms|s|m|h)$/.test(text)) return nowMs - durationMs(text);
  throw new SluiceError('input.invalid', `${JSON.stringify(text)} is no duration`, {
    where: '--since',
    suggestion: '--since 30m, --since 24h',
  });
}

/** A transfer's name means its source, and what was moved for it alone. */
function namedBy(context: Context, name: string): { connection: string; transfer: string | undefined } {
  const spec = context.config().transfers[name];
  return spec ? { connection: spec.source, transfer: name } : { connection: name, transfer: undefined };
}

async function stats(context: Context, name: string, { since = SINCE }: StatsOptions): Promise<Outcome> {
  const { connection, transfer } = namedBy(context, name);
  const choice = { transfer, sinceMs: sinceMsOf(since, Date.now()) };
  return withCapture(context.config(), connection, async ({ statistics, signal }) => {
    const counts = await statistics.counts(choice, signal);
    const lags = await statistics.lags(choice, signal);
    return { value: { connection, since, counts, lags }, text: showStatistics({ counts, lags }) };
  });
}

/** `sluice capture stats CONNECTION|TRANSFER` */
export function registerStats(group: Command, run: Run): void {
  group
    .command('stats')
    .argument('<source-or-transfer>', 'source of the configuration, or one of its transfers')
    .option(
      '--since <duration>',
      `so far back (default ${SINCE}); counts of long ago stand for an hour or a day`,
    )
    .description(
      'what went out to topics, minute by minute, by table and operation; and how far that was behind',
    )
    .action(run<StatsOptions>((context, [name = ''], options) => stats(context, name, options)));
}
