import { type Measurement, median } from '../measure/measurement.ts';
import { renderCalls } from './render-calls.ts';
import { number, table } from './render-tables.ts';
import type { Results } from './results-file.ts';

const ENGINES = { postgresql: 'PostgreSQL', mariadb: 'MariaDB', mysql: 'MySQL', sqlite: 'SQLite' } as const;
const KINDS = {
  single: 'of one row, a transaction each',
  batch: 'of one row, 100 a transaction',
  bulk: 'of many rows',
} as const;
type Kind = keyof typeof KINDS;
type Figure = 'seconds' | 'cpuSeconds';

/** What is wanted of PostgreSQL: the extra time, that of the plain trigger being 1. */
function wanted(engine: string, operation: string, kind: Kind): string {
  if (engine !== 'postgresql') return '';
  if (kind !== 'bulk') return 'row at most 1.40';
  const most: Readonly<Record<string, string>> = { insert: '0.60', update: '0.80' };
  return most[operation] === undefined ? '' : `statement at most ${most[operation]}`;
}

/** Runs of one workload, by variant and round. */
type Runs = ReadonlyMap<string, ReadonlyMap<number, Measurement>>;

function runsOf(measurements: readonly Measurement[], prefix: string): Runs {
  const runs = new Map<string, Map<number, Measurement>>();
  for (const one of measurements.filter((each) => each.ok && each.case.startsWith(`${prefix}/`))) {
    const variant = one.case.slice(prefix.length + 1);
    runs.set(variant, (runs.get(variant) ?? new Map<number, Measurement>()).set(one.run, one));
  }
  return runs;
}

const microseconds = (runs: Runs, variant: string): number =>
  median([...(runs.get(variant)?.values() ?? [])].map(({ seconds, rows }) => (seconds / rows) * 1e6));

/** The extra time of each round as parts of the plain trigger's in the same round. */
function ratiosOf(runs: Runs, variant: string, figure: Figure): readonly number[] {
  const at = (name: string, round: number): number => runs.get(name)?.get(round)?.[figure] ?? Number.NaN;
  return [...(runs.get(variant)?.keys() ?? [])]
    .map((round) => (at(variant, round) - at('none', round)) / (at('plain', round) - at('none', round)))
    .filter((ratio) => Number.isFinite(ratio));
}

function ratioCell(runs: Runs, variant: string): string {
  const ratios = ratiosOf(runs, variant, 'seconds');
  if (ratios.length === 0) return '';
  const byCpu = number(median(ratiosOf(runs, variant, 'cpuSeconds')), 2);
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  return `**${number(median(ratios), 2)}** (${number(least, 2)}-${number(most, 2)}); CPU ${byCpu}`;
}

function renderEngine(measurements: readonly Measurement[], engine: keyof typeof ENGINES): string {
  const names = [...new Set(measurements.map((one) => one.case.split('/').slice(0, 3).join('/')))];
  const mine = names.filter((name) => name.startsWith(`capture/${engine}/`));
  if (mine.length === 0) return '';
  const hasStatement = measurements.some((one) => one.case.endsWith('/statement'));
  const forms = engine === 'postgresql' && hasStatement ? ['row', 'statement'] : ['row'];
  const lines = mine.map((name) => {
    const [operation = '', kind = ''] = (name.split('/')[2] ?? '').split('-');
    const runs = runsOf(measurements, name);
    return [
      `${operation}s ${KINDS[kind as Kind]}`,
      number(runs.get('none')?.size ?? 0),
      ...['none', 'plain', ...forms].map((variant) => number(microseconds(runs, variant), 1)),
      ...forms.map((form) => ratioCell(runs, form)),
      ...(engine === 'postgresql' ? [wanted(engine, operation, kind as Kind)] : []),
    ];
  });
  const head = [
    ENGINES[engine],
    'rounds',
    'µs a row without capture',
    'plain trigger',
    ...forms.map((form) => `${form} form`),
    ...forms.map((form) => `extra time of the ${form} form, the plain trigger's being 1`),
    ...(engine === 'postgresql' ? ['wanted'] : []),
  ];
  return table(head, lines);
}

const HOW = `The plain trigger writes the old and the new row as JSON into a table, row by row, and nothing else: its extra time is 1. Loops of
statements run at the server (SQLite: in the process of the application), without waiting for the disk at a commit, on tables of 200,000 rows and ten
columns that are alike but for their triggers; in each round each of them has its turn. Ratios are medians of the rounds, in brackets the
least and the most; "CPU" is the same of the processor time of the session alone. After each run the changes that were recorded are counted.`;

/** What triggers cost the statements of an application, database by database. */
export const renderCapture = (all: readonly Results[]): string =>
  renderCalls(
    all,
    ({ measurements }) =>
      (Object.keys(ENGINES) as (keyof typeof ENGINES)[]).map((engine) => renderEngine(measurements, engine)),
    HOW,
  );
