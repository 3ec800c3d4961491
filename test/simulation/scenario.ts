import { tableId } from '../../src/model/table-name.ts';
import type { WriteMode } from '../../src/model/table-plan.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { createRandom, type Random } from './random.ts';
import type { SourceRow, SourceState, SourceTable } from './source.ts';

/** One execution of the transfer, and what happens before it. */
export interface Phase {
  /** Null: it runs to its end. Otherwise the workflow is terminated then, and its processes live on for a while. */
  readonly terminateAfterMs: number | null;
  /** none: the same again; source: other rows; plan: other settings, so that a run of its own begins. */
  readonly change: 'none' | 'source' | 'plan';
  /** Before it the target is restored to one of the backups that were made meanwhile; the hub keeps its messages. */
  readonly restores?: boolean;
  /** Absent: as many as the scenario says. */
  readonly disturbances?: number;
}

/** Everything that the seed decides before the first step. */
export interface Scenario {
  readonly seed: number;
  readonly source: SourceState;
  readonly spec: TransferSpec;
  readonly phases: readonly Phase[];
  readonly maxMessageBytes: number;
  readonly publishMs: number;
  readonly duplicateWindowMs: number;
  readonly disorder: number;
  readonly faultRate: number;
  /** Share of activities that are killed, and that freeze. */
  readonly killRate: number;
  readonly freezeRate: number;
  /** Pauses, new generations, losses of the hub. */
  readonly disturbances: number;
  readonly calmAfterMs: number;
  /** Nothing fails and nobody interferes; only time passes. */
  readonly isQuiet: boolean;
  /** All that disturbs is zombies: of terminated workflows that wake up early, and of readers of an older generation. */
  readonly zombiesOnly: boolean;
  /** The longest that a process sleeps; null: either seconds or longer than others wait for it. */
  readonly mostSleepMs: number | null;
  /** The target is restored while a run is at work. */
  readonly restoresMidway: boolean;
  /** So many more rows may be applied, again and again: each time as a new start has it. Null: all at once. */
  readonly limitRows: number | null;
  readonly writerSlices: number;
  /** Slices that share the lanes of one table. */
  readonly readParts: number;
  readonly tablesAtOnce: number;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzäöü';
const text = (random: Random, length: number): string =>
  Array.from({ length }, () => LETTERS[random.int(0, LETTERS.length - 1)]).join('');

const keyedRow = (random: Random, position: number, length: number): SourceRow => ({
  position,
  text: `${position}\t${text(random, length)}`,
});

function keyedRows(random: Random, count: number, lengthOf: (index: number) => number): SourceRow[] {
  let position = 0;
  return Array.from({ length: count }, (_, index) => {
    position += random.int(1, 3);
    return keyedRow(random, position, lengthOf(index));
  });
}

function makeTables(
  random: Random,
  withKeyless: boolean,
  { maxMessageBytes, creditBytes }: { readonly maxMessageBytes: number; readonly creditBytes: number },
): SourceTable[] {
  const tables: SourceTable[] = [];
  const add = (name: string, keyed: boolean, rows: SourceRow[]): void => {
    tables.push({ name, keyed, rows, version: 1 });
  };
  add(
    'plain',
    true,
    keyedRows(random, random.int(5, 40), () => random.int(1, 30)),
  );
  if (withKeyless && random.chance(0.7)) {
    const values = [text(random, 3), text(random, 12)];
    add(
      'keyless',
      false,
      Array.from({ length: random.int(3, 30) }, (_, index) => ({
        position: index + 1,
        text: random.pick(values),
      })),
    );
  }
  if (random.chance(0.5)) {
    const huge = random.int(0, 5);
    const length = Math.min(maxMessageBytes * random.int(1, 4), 2 * creditBytes) + random.int(0, 50);
    add(
      'huge',
      true,
      keyedRows(random, 6, (index) => (index === huge ? length : 5)),
    );
  }
  if (random.chance(0.3)) add('empty', random.chance(0.5) || !withKeyless, []);
  return tables;
}

function makePhases(random: Random, mode: WriteMode): Phase[] {
  const again = mode === 'truncate' || mode === 'upsert';
  const count = random.pick([1, 1, 1, 2, 2, 3]);
  const phases: Phase[] = [];
  for (let index = 0; index < count; index += 1) {
    const before = phases.at(-1);
    const isLast = index === count - 1;
    const terminated = !isLast && (!again || random.chance(0.6));
    let change: Phase['change'] = 'none';
    if (before)
      change = before.terminateAfterMs === null ? 'source' : again && random.chance(0.5) ? 'plan' : 'none';
    phases.push({
      terminateAfterMs: terminated ? random.int(20, random.pick([120, 1_000, 5_000])) : null,
      change,
    });
  }
  return phases;
}

function createMixed(seed: number): Scenario {
  const random = createRandom(seed);
  const mode = random.pick(['truncate', 'truncate', 'fail-if-not-empty', 'append', 'upsert'] as const);
  const maxMessageBytes = random.int(80, 400);
  const readers = random.int(1, 3);
  const creditBytes = random.pick([150, 400, 1_500]);
  const tables = makeTables(random, mode !== 'upsert', { maxMessageBytes, creditBytes });
  return {
    seed,
    source: {
      tables: new Map(tables.map((table) => [tableId({ schema: 'main', name: table.name }), table])),
    },
    spec: {
      source: 'shop',
      hub: 'events',
      target: 'warehouse',
      ordering: random.chance(0.25) ? 'table' : 'none',
      tables: { '*': {} },
      write: { mode, writers: random.int(1, 4) },
      read: {
        readers,
        blockBytes: random.int(20, 300),
        blockRows: random.pick([1, 3, 1_000]),
        rowsPerRange: random.int(4, 25),
        creditBytes: creditBytes * readers,
      },
    },
    phases: makePhases(random, mode),
    maxMessageBytes,
    publishMs: random.chance(0.05) ? 2_500 : random.int(0, 10),
    duplicateWindowMs: random.pick([500, 120_000, 7_200_000]),
    disorder: random.pick([0, 0, 0.1, 0.5]),
    faultRate: random.pick([0, 0.005, 0.03]),
    killRate: random.pick([0, 0.2, 0.5]),
    freezeRate: random.pick([0, 0.2, 0.4]),
    disturbances: random.pick([0, 0, 2, 5]),
    calmAfterMs: random.int(2_000, 20_000),
    isQuiet: false,
    zombiesOnly: false,
    mostSleepMs: null,
    restoresMidway: false,
    limitRows: null,
    writerSlices: random.pick([1, 1, 2]),
    readParts: 1,
    tablesAtOnce: random.int(1, 3),
  };
}

/** Short sleeps and nothing else, so that who is superseded is still in the middle of its work. */
function createHaunted(seed: number): Scenario {
  const mixed = createMixed(seed);
  const random = createRandom(-seed);
  const { spec } = mixed;
  const terminated: Phase = { terminateAfterMs: random.int(20, 200), change: 'none' };
  const isHasty = random.chance(0.5);
  return {
    ...mixed,
    spec: {
      ...spec,
      ordering: random.chance(0.8) ? 'none' : 'table',
      write: { ...spec.write, mode: spec.write?.mode === 'upsert' ? 'upsert' : 'truncate' },
      read: { ...spec.read, rowsPerRange: random.int(2, 5) },
    },
    phases: isHasty
      ? [terminated, { terminateAfterMs: null, change: 'plan' }]
      : [{ terminateAfterMs: null, change: 'none' }],
    publishMs: 0,
    disorder: 0,
    faultRate: 0,
    killRate: 0,
    freezeRate: 0,
    disturbances: isHasty ? 0 : 3,
    zombiesOnly: true,
    mostSleepMs: 600,
    tablesAtOnce: 3,
  };
}

/** Tables are wanted anew when the workflow is terminated, and the next execution goes on with the run while that still wakes up. */
function createTakenOver(seed: number): Scenario {
  const haunted = createHaunted(seed);
  const random = createRandom(-1_000 - seed);
  return {
    ...haunted,
    spec: { ...haunted.spec, write: { ...haunted.spec.write, mode: 'truncate' } },
    phases: [
      { terminateAfterMs: random.int(400, 2_500), change: 'none', disturbances: 3 },
      { terminateAfterMs: null, change: 'none', disturbances: 0 },
    ],
    mostSleepMs: 2_000,
  };
}

/** Nothing is lost, so nothing may be sent twice, also over a slow line. */
function createQuiet(seed: number): Scenario {
  return {
    ...createMixed(seed),
    phases: [{ terminateAfterMs: null, change: 'none' }],
    publishMs: createRandom(-seed).pick([0, 2_500]),
    disorder: 0,
    faultRate: 0,
    killRate: 0,
    freezeRate: 0,
    disturbances: 0,
    writerSlices: 1, // fragments shared out between two processes become whole in neither
    isQuiet: true,
  };
}

/** The target goes back to an earlier state between two executions, while who is left of the first may still be at work. */
function createRestored(seed: number): Scenario {
  const mixed = createMixed(seed);
  const random = createRandom(-seed);
  const { spec } = mixed;
  const again = spec.write?.mode === 'truncate' || spec.write?.mode === 'upsert';
  const count = random.int(2, 4);
  const phases = Array.from({ length: count }, (_, index): Phase => {
    const isLast = index === count - 1;
    return {
      terminateAfterMs: isLast ? null : random.int(150, random.pick([400, 1_000, 3_000])),
      change: index > 0 && again && random.chance(0.3) ? 'plan' : 'none',
      restores: isLast || (index > 0 && random.chance(0.5)),
    };
  });
  return {
    ...mixed,
    phases,
    spec: {
      ...spec,
      read: { ...spec.read, blockRows: random.pick([1, 3]), rowsPerRange: random.pick([10, 100]) },
    },
    disturbances: random.pick([0, 0, 2]),
    publishMs: random.int(0, 10),
    restoresMidway: random.chance(0.5),
    killRate: random.pick([0, 0.2]),
    freezeRate: random.pick([0.2, 0.6]),
    tablesAtOnce: 3,
  };
}

/** Readers count what they may read, and die; nobody lives on who was taken for dead. */
function createLimited(seed: number): Scenario {
  const mixed = createMixed(seed);
  const random = createRandom(-seed);
  return {
    ...mixed,
    phases: [{ terminateAfterMs: null, change: 'none' }],
    killRate: random.pick([0, 0.2, 0.5]),
    freezeRate: 0,
    disturbances: 0,
    limitRows: random.int(1, 25),
  };
}

/** Several slices claim the lanes of a table, of which there are many. */
function createShared(scenario: Scenario): Scenario {
  const random = createRandom(-1_000 - scenario.seed);
  const { spec } = scenario;
  return {
    ...scenario,
    spec: { ...spec, ordering: 'none', read: { ...spec.read, rowsPerRange: random.int(2, 6) } },
    readParts: random.int(2, 3),
  };
}

/** Everything that the seed decides before the first step. */
export function createScenario(seed: number): Scenario {
  if (seed % 8 === 1) return createRestored(seed);
  if (seed % 8 === 5) return createHaunted(seed);
  if (seed % 16 === 7) return createLimited(seed);
  if (seed % 16 === 15) return createTakenOver(seed);
  if (seed % 32 === 3) return createShared(createQuiet(seed));
  if (seed % 16 === 11) return createShared(createMixed(seed));
  return seed % 16 === 3 ? createQuiet(seed) : createMixed(seed);
}

/** Other rows: some are gone, some are new. With `upsert` none goes, for it deletes nothing. */
export function changeSource(random: Random, source: SourceState, mayDelete: boolean): void {
  for (const table of source.tables.values()) {
    const kept = table.rows.filter(() => !mayDelete || random.chance(0.8));
    const last = table.rows.at(-1)?.position ?? 0;
    const more = Array.from({ length: random.int(0, 5) }, (_, index) => {
      const position = last + index + 1;
      const sample = table.rows[0]?.text ?? 'x';
      return table.keyed ? keyedRow(random, position, 8) : { position, text: sample };
    });
    table.rows = [...kept, ...more];
    table.version += 1;
  }
}
