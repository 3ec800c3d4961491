import { someNames } from '../../model/some-names.ts';
import type { TableVerification } from '../../workers/local.ts';
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

/** What was found of one table, in some words. */
export function verdict(compared: TableVerification): string {
  if (compared.equal) return EQUAL[compared.basis];
  const { differingRanges: ranges } = compared;
  const where = compared.ranges > 1 ? `, ranges ${someNames(ranges, RANGES_NAMED)}` : '';
  return `${compared.drift ? 'differs; the source changed' : 'DIFFERS'}${where}`;
}

const KINDS = {
  missing: 'only at the source',
  extra: 'only at the target',
  different: 'other contents',
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

/** Tables, and below the rows that differ where they were asked for. */
export function showVerification(compared: readonly TableVerification[]): string {
  const table = formatColumns(
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
      verdict(each),
    ]),
  );
  const altered = compared.flatMap((each) =>
    each.altered.map((column) => `~ ${showAltered(each.table, column)}`),
  );
  return [table, ...altered, ...compared.flatMap(showRows)].join('\n');
}
