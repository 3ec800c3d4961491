import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { InitialLoad, LoadedChunk, TableLoad, WantedLoad } from '../../src/engine/ports/initial-load.ts';
import type { CapturedTableSpec, CapturePlace } from '../../src/model/capture-spec.ts';
import type { ChangeEvent } from '../../src/model/change-event.ts';
import type { TestWriter } from './changes-fixture.ts';
import { eventsOf, LANE, sealAll, textOf, TRANSFER } from './changes-steps.ts';
import { never } from './test-tables.ts';

/** A source of its own, dropped by `drop`, which closes what was opened. */
export interface LoadPlace {
  readonly capture: CapturePlace;
  readonly schema: string;
  /** The source as another process has it. */
  open(): Promise<Database>;
  execute(sql: string): Promise<void>;
  query(sql: string): Promise<readonly (readonly (string | null)[])[]>;
  writer(): Promise<TestWriter>;
  drop(): Promise<void>;
}

/** What a database gives the suite of its InitialLoad. */
export interface LoadFixture {
  /** Several connections write at once. */
  readonly concurrentWriters: boolean;
  /** Type of a text in a key, compared by its bytes. */
  readonly keyText: string;
  /** A text in quotes, where more is to be escaped in it. */
  readonly escape?: (quoted: string) => string;
  place(): Promise<LoadPlace>;
}

/** A captured table of a registered transfer, and a process that loads it. */
export interface LoadStage {
  readonly loads: InitialLoad;
  readonly wanted: WantedLoad;
  /** All events since the last call. */
  take(): Promise<readonly ChangeEvent[]>;
}

const partsOf = (database: Database, { capture }: LoadPlace) => {
  const parts = database.capture?.(capture);
  if (!parts?.loads) throw new Error('nothing can be loaded here');
  return { ...parts, loads: parts.loads };
};

export const loadsIn = async (place: LoadPlace): Promise<InitialLoad> =>
  partsOf(await place.open(), place).loads;

/** Captures the table, whose rows stand already, and registers the transfer. */
export async function stageOf(
  place: LoadPlace,
  name: string,
  spec: CapturedTableSpec = {},
): Promise<LoadStage> {
  const database = await place.open();
  const { triggers, changes, loads } = partsOf(database, place);
  await triggers.install(never());
  const described = await database.introspector.describeTables([{ schema: place.schema, name }], never());
  const [outcome] = await triggers.deploy(
    described.map((table) => ({ table, spec })),
    never(),
  );
  if (outcome?.error) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  const captured = (await triggers.captured(never())).find(({ table }) => table.name === name);
  const [table] = described;
  if (!captured || !table) throw new Error(`${name} is not captured`);
  await changes.register(TRANSFER, [{ lane: 1, tables: [captured.number] }], never());
  const lease = await changes.lease(LANE, never());
  return {
    loads,
    wanted: { transfer: TRANSFER, generation: 1, captured, table, where: null, order: [] },
    take: async () => {
      const events: ChangeEvent[] = [];
      for (const claim of await sealAll(changes, lease))
        events.push(...eventsOf(await textOf(changes, lease, { claim })));
      return events;
    },
  };
}

const HELD_WAIT_MS = 5;

/** Chunk by chunk until it is done, waiting for whoever holds rows. @returns events that were written */
export async function finishLoad(load: TableLoad, rows: () => number): Promise<number> {
  for (let written = 0; ; ) {
    const chunk: LoadedChunk = await load.next(rows(), never());
    written += chunk.rows;
    if (chunk.state === 'done') return written;
    if (chunk.state === 'superseded') throw new Error('the load was begun anew');
    if (chunk.state === 'held') await wait(HELD_WAIT_MS);
  }
}

export const loadAll = async ({ loads, wanted }: Pick<LoadStage, 'loads' | 'wanted'>, rows = 7) =>
  finishLoad(await loads.open(wanted, never()), () => rows);
