import { planFingerprint } from '../../src/engine/wire/fingerprint.ts';
import type { Batch } from '../../src/model/batch.ts';
import type { ChangeLetter } from '../../src/model/change-event.ts';
import { CHANGES, type ChangedTable, type ChangesPlan } from '../../src/model/changes-plan.ts';
import type { LogicalType } from '../../src/model/logical-type.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import type { TestRow } from '../contract/harness.ts';
import { makeBatch } from './make-batch.ts';

/** What a trigger records of one change; payloads as `payloadOf` makes them. */
export interface TestChange {
  readonly table: number;
  readonly operation: ChangeLetter;
  readonly old?: string | null;
  readonly new?: string | null;
}

const NUMBERS: ReadonlySet<string> = new Set(['int', 'decimal', 'float32', 'float64']);
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** A canonical text as it stands in a payload: src/model/change-event.ts. */
export function payloadValue({ kind }: LogicalType, text: string | null): string {
  if (text === null) return 'null';
  if (kind === 'boolean' && /^[tf]$/.test(text)) return text === 't' ? 'true' : 'false';
  if (NUMBERS.has(kind) && NUMBER.test(text)) return text;
  if (kind === 'bytes') return JSON.stringify(text.slice(2).toUpperCase());
  if (kind === 'timestamp') return JSON.stringify(text.replace(/^(\S+) (?=\d)/, '$1T'));
  if (kind === 'timestamptz')
    return JSON.stringify(text.replace(/^(\S+) (?=\d)/, '$1T').replace(/\+00(?= BC|$)/, '+00:00'));
  return JSON.stringify(text);
}

/** The payload of a row, by the types that its columns have at the source. */
export const payloadOf = (
  columns: readonly { readonly name: string; readonly logical: LogicalType }[],
  row: TestRow,
): string =>
  `{${columns.map(({ name, logical }, at) => `${JSON.stringify(name)}: ${payloadValue(logical, row[at] ?? null)}`).join(', ')}}`;

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\b': '\\b',
};
export const cellOf = (text: string | null | undefined): string =>
  text === null || text === undefined
    ? '\\N'
    : text.replaceAll(/[\\\t\n\r\b]/g, (char) => ESCAPES[char] ?? char);

/** Events as they lie in a block. */
export const eventRows = (changes: readonly TestChange[], firstId = 1): Buffer =>
  Buffer.from(
    changes
      .map(({ table, operation, old, new: after }, at) =>
        [
          String(firstId + at),
          String(table),
          operation,
          '7',
          '2026-01-01 00:00:00+00',
          'app',
          '\\N',
          cellOf(old),
          cellOf(after),
        ].join('\t'),
      )
      .map((line) => `${line}\n`)
      .join(''),
  );

/** The plan that a run's ledger has of its changes. */
export const changesPlanOf = (
  tables: readonly ChangedTable[],
): TablePlan & { readonly changes: ChangesPlan } => ({
  id: CHANGES,
  ordinal: 900,
  source: { schema: '', name: CHANGES },
  target: { schema: '', name: CHANGES },
  encoding: 'event-rows',
  columns: [],
  position: { kind: 'key', columns: [], types: [], sameOrder: false, needsSnapshot: false },
  targetKey: [],
  where: null,
  writeMode: 'upsert',
  estimatedRows: null,
  estimatedBytes: null,
  changes: { tables },
});

/** The batch that carries them. */
export function changesBatch(
  plan: TablePlan,
  changes: readonly TestChange[],
  header: Partial<Batch['header']> = {},
  firstId = 1,
): Batch {
  return makeBatch(
    {
      table: CHANGES,
      ordinal: plan.ordinal,
      plan: planFingerprint(plan),
      operation: 'changes',
      encoding: 'event-rows',
      rows: changes.length,
      first: ['1', '1'],
      last: ['1', ''],
      ...header,
    },
    eventRows(changes, firstId),
  );
}
