import type { Command } from 'commander';
import { checkValue } from '../../catalog/check-value.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import { TransferSettings } from '../../model/transfer-settings.ts';

export interface SettingsOptions {
  readonly readers?: string;
  readonly writers?: string;
  readonly blockBytes?: string;
  readonly rate?: string;
  readonly byteRate?: string;
  readonly relays?: string;
  readonly claimEvents?: string;
  readonly claimBytes?: string;
}

export const addSettingsOptions = (command: Command): Command =>
  command
    .option('--readers <count>', 'readers at once, 1 to 40')
    .option('--writers <count>', 'writers at once, 1 to 40')
    .option('--block-bytes <bytes>', 'size of a row block')
    .option('--rate <rows>', 'rows per second at most; 0: no limit')
    .option('--byte-rate <bytes>', 'bytes per second at most; 0: no limit')
    .option('--relays <count>', 'slices that share the lanes of changes, 1 to 40')
    .option('--claim-events <count>', 'changes of one transaction at most')
    .option('--claim-bytes <bytes>', 'about so many bytes of changes in one transaction at most');

/** Settings that were given on the command line. @throws SluiceError input.invalid */
export function givenSettings(options: SettingsOptions): Partial<TransferSettings> {
  const given = {
    readers: options.readers,
    writers: options.writers,
    blockBytes: options.blockBytes,
    ratePerSecond: options.rate,
    bytesPerSecond: options.byteRate,
    relays: options.relays,
    claimEvents: options.claimEvents,
    claimBytes: options.claimBytes,
  };
  const settings: Record<string, number> = {};
  for (const [key, text] of Object.entries(given)) if (text !== undefined) settings[key] = Number(text);
  for (const [key, value] of Object.entries(settings)) {
    const [finding] = checkValue(TransferSettings.properties[key as keyof TransferSettings], value);
    if (finding) throw new SluiceError('input.invalid', `${key} ${finding.message}`, { where: key });
  }
  return settings;
}
