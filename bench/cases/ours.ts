import type { WorkflowHandle } from '@temporalio/client';
import { measurePause } from '../sluice/measure-pause.ts';
import { measureTransfer } from '../sluice/measure-transfer.ts';
import type { LedgerWatch } from '../sluice/watch-ledger.ts';
import { type TransferChoice, writeConfig } from '../sluice/write-config.ts';
import type { Case, Surroundings } from './case.ts';

interface OurOptions extends Pick<Case, 'title'>, Partial<Pick<Case, 'group' | 'needs'>> {
  readonly encoding: TransferChoice['encoding'];
  readonly verify: TransferChoice['verify'];
  readonly table?: string;
  readonly meanwhile?: (
    surroundings: Surroundings,
    handle: WorkflowHandle,
    ledger: LedgerWatch,
  ) => Promise<Readonly<Record<string, number>>>;
}

function ours(name: string, options: OurOptions): Case {
  const { encoding, verify, table = 'orders', meanwhile, title, group = 'orders', needs } = options;
  return {
    name,
    title,
    side: 'ours',
    group,
    ...(needs && { needs }),
    tableExists: true,
    sameContents: true,
    run: async (surroundings) => {
      const { source, target, options: chosen } = surroundings;
      const hub = needs === 'kafka' ? surroundings.kafka : surroundings.hub;
      const choice = { ...chosen, encoding, verify };
      const config = await writeConfig(surroundings.scratch, { source, hub, target }, table, choice);
      const result = await measureTransfer(surroundings.client, {
        config,
        target,
        address: surroundings.temporalAddress,
        ...(meanwhile && { meanwhile: (handle, ledger) => meanwhile(surroundings, handle, ledger) }),
      });
      return { ...result, error: null };
    },
  };
}

/** A pause falls into the middle of the copy, at its first third. */
const PAUSE_AT = 1 / 3;

export const OURS: readonly Case[] = [
  ours('sluice-text', { title: 'Sluice, text-rows', encoding: 'text-rows', verify: 'none' }),
  ours('sluice-binary', { title: 'Sluice, binary-rows', encoding: 'binary-rows', verify: 'none' }),
  ours('sluice-text-checksum', {
    title: 'Sluice, text-rows, verified by checksum',
    encoding: 'text-rows',
    verify: 'checksum',
  }),
  ours('sluice-binary-checksum', {
    title: 'Sluice, binary-rows, verified by checksum',
    encoding: 'binary-rows',
    verify: 'checksum',
  }),
  ours('sluice-pause', {
    title: 'Sluice, binary-rows, paused and resumed',
    encoding: 'binary-rows',
    verify: 'none',
    meanwhile: (surroundings, handle, ledger) => measurePause(handle, ledger, surroundings.rows * PAUSE_AT),
  }),
  ours('kafka-sluice', {
    title: 'Sluice through Kafka, binary-rows',
    needs: 'kafka',
    encoding: 'binary-rows',
    verify: 'none',
  }),
  ours('large-sluice', { title: 'Sluice', group: 'large', encoding: 'auto', verify: 'none' }),
  ours('wide-sluice', { title: 'Sluice', group: 'wide', table: 'wide', encoding: 'auto', verify: 'none' }),
  ours('wide-sluice-text', {
    title: 'Sluice, text-rows',
    group: 'wide',
    table: 'wide',
    encoding: 'text-rows',
    verify: 'none',
  }),
];
