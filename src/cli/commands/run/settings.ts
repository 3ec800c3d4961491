import type { Command } from 'commander';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { TransferSettings } from '../../../model/transfer-settings.ts';
import { settingsUpdate } from '../../../workflows/messages.ts';
import type { Run } from '../../run-command.ts';
import { formatBytes, formatCount, formatRate } from '../../show/quantities.ts';
import { addSettingsOptions, givenSettings, type SettingsOptions } from '../../transfer/settings-options.ts';
import { tellTransfer } from '../../transfer/tell-transfer.ts';
import { queryStatus } from '../../transfer/transfer-handle.ts';

const ANSWER_MS = 10_000;

function showRate({ ratePerSecond, bytesPerSecond = 0 }: TransferSettings): string {
  const rates = [
    ...(ratePerSecond === 0 ? [] : [`${formatRate(ratePerSecond)} rows`]),
    ...(bytesPerSecond === 0 ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
  ];
  return rates.length === 0 ? 'no limit' : rates.join(', ');
}

const showClaims = ({ claimEvents = 0, claimBytes = 0 }: TransferSettings): string =>
  `at most ${formatCount(claimEvents)} changes, about ${formatBytes(claimBytes)}`;

const show = (settings: TransferSettings): string =>
  [
    `readers      ${settings.readers}`,
    `writers      ${settings.writers}`,
    `block bytes  ${settings.blockBytes} (${formatBytes(settings.blockBytes)})`,
    `rate         ${showRate(settings)}`,
    ...(settings.relays === undefined ? [] : [`relays       ${settings.relays}`]),
    ...(settings.claimEvents === undefined ? [] : [`claims       ${showClaims(settings)}`]),
  ].join('\n');

/** `sluice settings NAME`: shows, or changes what is given while the transfer runs. */
export function registerSettings(program: Command, run: Run): void {
  const command = program
    .command('settings')
    .argument('<name>')
    .description(
      'show or change readers, writers, block size, rate, relays and claims of a running transfer',
    );
  addSettingsOptions(command).action(
    run<SettingsOptions>(async (context, [name = ''], options) => {
      const wanted = givenSettings(options);
      const client = await context.client();
      if (Object.keys(wanted).length === 0) {
        const { settings } = await queryStatus(client, name);
        if (settings === null) {
          throw new SluiceError('transfer.not_running', 'the transfer is not prepared yet', {
            where: `transfer ${name}`,
          });
        }
        return { value: settings, text: show(settings) };
      }
      if (context.options.dryRun) return { value: wanted, text: `would set ${JSON.stringify(wanted)}` };
      const message = { update: settingsUpdate, signal: null, arg: wanted, answerWithinMs: ANSWER_MS };
      const told = await tellTransfer(client, name, message);
      // Without a signal of the same meaning nothing is ever only recorded.
      if (told.how === 'recorded') throw new SluiceError('internal', 'settings were only recorded');
      return { value: told.answer, text: show(told.answer) };
    }),
  );
}
