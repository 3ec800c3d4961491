import { someNames } from '../../model/some-names.ts';
import type { TableVerification } from '../../workers/local.ts';
import type { LiveComparison } from '../../workflows/messages.ts';
import { formatColumns, safeText } from './columns.ts';
import { formatCount } from './quantities.ts';
import { showAltered } from './show-status.ts';

const EQUAL = {
  none: 'not compared',
  count: 'equal counts',
  checksum: 'equal',
  contained: 'every source row is there; the target holds more',
  'count-at-least': 'the target holds as many or more; contents were not compared',
} as const satisfies Record<TableVerification['basis'], string>;

const RANGES_NAMED = 5;

const rowsThat = (count: number, one: string, many: string): string =>
  `${formatCount(count)} ${count === 1 ? `row ${one}` : `rows ${many}`}`;

const UNTOLD = 'cannot be told while changes flow';

/** While changes flow: what differs, and what only seems to. */
function liveVerdict(equal: boolean, live: NonNullable<TableVerification['live']>): string {
  const { different, parked, waiting, moving, complete } = live;
  const parts = [
    ...(different > 0 ? [rowsThat(different, 'differs', 'differ')] : []),
    ...(parked > 0 ? [`${rowsThat(parked, 'is', 'are')} set apart (sluice errors list)`] : []),
    ...(waiting > 0 ? [`${rowsThat(waiting, 'waits', 'wait')} for changes that are not applied`] : []),
    ...(complete ? [] : ['more differ than are watched at once']),
    ...(moving > 0 ? [`${rowsThat(moving, 'changes', 'change')} all the time`] : []),
  ];
  const isTold = waiting === 0 && complete;
  const head = equal
    ? 'equal'
    : different > 0
      ? 'DIFFERS'
      : isTold
        ? 'equal but for these'
        : 'cannot be told';
  return [head, ...parts].join(', ');
}

/** What was found of one table, in some words. */
export function verdict(compared: TableVerification): string {
  if (compared.live) return liveVerdict(compared.equal, compared.live);
  if (compared.equal) return EQUAL[compared.basis];
  if (compared.untold) return UNTOLD;
  const { differingRanges: ranges } = compared;
  const where = compared.ranges > 1 ? `, ranges ${someNames(ranges, RANGES_NAMED)}` : '';
  return `${compared.drift ? 'differs; the source changed' : 'DIFFERS'}${where}`;
}

const KINDS = {
  missing: 'only at the source',
  extra: 'only at the target',
  different: 'other contents',
  parked: 'its changes are set apart',
  waiting: 'changes are not applied',
} as const;

function showRows({ table, equal, rows }: TableVerification): readonly string[] {
  if (!rows || equal) return [];
  const { keyColumns, differences, complete } = rows;
  if (differences.length === 0 && complete)
    return ['', `${table}: no row differed when they were looked at one by one: the data is changing`];
  const count = `${complete ? '' : 'at least '}${formatCount(differences.length)}`;
  const head = `${table}: ${count} ${differences.length === 1 ? 'row differs' : 'rows differ'}`;
  if (keyColumns.length === 0) {
    const kinds = Object.entries(KINDS).flatMap(([kind, words]) => {
      const found = differences.filter((each) => each.kind === kind).length;
      return found === 0 ? [] : [`${formatCount(found)} ${words}`];
    });
    return ['', `${head}: ${kinds.join(', ')}; it has no key to name them by`];
  }
  const lines = differences.map(
    ({ kind, key }) =>
      `  ${kind.padEnd(9)}  ${keyColumns.map((name, at) => `${name} = ${safeText(key[at] ?? '')}`).join(', ')}`,
  );
  const more = complete ? [] : ['  … and maybe more: --limit names more of them'];
  const legend = Object.entries(KINDS).filter(([kind]) => differences.some((each) => each.kind === kind));
  const words = legend.map(([kind, text]) => `${kind}: ${text}`).join(', ');
  return ['', `${head} (${words})`, ...lines, ...more];
}

type Counted = Pick<TableVerification, 'table' | 'sourceRows' | 'targetRows'>;

const showResults = <T extends Counted>(compared: readonly T[], result: (each: T) => string): string =>
  formatColumns(
    [
      { title: 'TABLE' },
      { title: 'SOURCE', right: true },
      { title: 'TARGET', right: true },
      { title: 'RESULT' },
    ],
    compared.map((each) => [
      each.table,
      formatCount(BigInt(each.sourceRows)),
      formatCount(BigInt(each.targetRows)),
      result(each),
    ]),
  );

/** What workers found while changes flowed. */
export const showCompared = (compared: readonly LiveComparison[]): string =>
  showResults(compared, ({ equal, live, error }) =>
    error ? `${error.code}: ${error.message}` : live ? liveVerdict(equal, live) : equal ? 'equal' : UNTOLD,
  );

/** Tables, and below the rows that differ where they were asked for. */
export function showVerification(compared: readonly TableVerification[]): string {
  const table = showResults(compared, verdict);
  const altered = compared.flatMap((each) =>
    each.altered.map((column) => `~ ${showAltered(each.table, column)}`),
  );
  return [table, ...altered, ...compared.flatMap(showRows)].join('\n');
}
