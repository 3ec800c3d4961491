import { SluiceError } from '../../model/sluice-error.ts';
import type { TopicsSpec } from '../../model/topics-spec.ts';
import type { NeededTopic } from '../ports/topic-sink.ts';
import type { TriggerManager } from '../ports/trigger-manager.ts';
import { createTopicTable, type TopicTable } from './topic-table.ts';

/** Captured tables by their numbers, as messages need them. */
export interface TableLookup {
  get(number: number): TopicTable | undefined;
  /** Asks the source again for one that was captured meanwhile. @throws SluiceError capture.not_deployed */
  find(number: number, signal: AbortSignal): Promise<TopicTable>;
  /** Topics of these tables. */
  topics(numbers: readonly number[]): readonly NeededTopic[];
}

export async function openTableLookup(
  triggers: Pick<TriggerManager, 'captured'>,
  { topics: spec, transfer }: { readonly topics: TopicsSpec; readonly transfer: string },
  signal: AbortSignal,
): Promise<TableLookup> {
  const known = new Map<number, TopicTable>();
  const ask = async (): Promise<void> => {
    for (const table of await triggers.captured(signal, { dropped: true }))
      known.set(table.number, createTopicTable(table, spec, transfer));
  };
  await ask();
  return {
    get: (number) => known.get(number),
    find: async (number) => {
      await ask();
      const found = known.get(number);
      if (found) return found;
      throw new SluiceError(
        'capture.not_deployed',
        `there are changes of table number ${number}, which was never captured`,
      );
    },
    topics: (numbers) =>
      numbers.flatMap((number) => {
        const table = known.get(number);
        return table ? [{ topic: table.topic, keyed: table.keyed, table: table.id }] : [];
      }),
  };
}
