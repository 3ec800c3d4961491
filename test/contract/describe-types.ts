import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { computeTablePlan } from '../../src/engine/planning/compute-table-plan.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { standInDialect } from '../support/stand-in-dialect.ts';
import { CHECKSUM_VECTORS } from './checksum-vectors.ts';
import {
  type ContractHarness,
  nameOf,
  NEUTRAL_TYPES,
  type NeutralType,
  type TestPlace,
  type TestRow,
} from './harness.ts';
import { checksumByDefinition, createTestTable, never, quoteOf } from './test-tables.ts';
import { copyLane, startTable } from './test-transfer.ts';

/** Canonical texts that every database must give and take back unchanged. */
export const NEUTRAL_TEXTS: Readonly<Record<NeutralType, readonly string[]>> = {
  bigint: ['0', '-1', '9007199254740993', '-9223372036854775808', '9223372036854775807'],
  int: ['0', '-2147483648', '2147483647'],
  decimal: ['0.00', '1.10', '-1.10', '9999999999.99', '-0.01'],
  float64: [
    '0',
    '1.5',
    '-1.5',
    '0.1',
    '0.30000000000000004',
    '1e+300',
    '5e-324',
    '1.7976931348623157e+308',
    '1.2345678901234568e+17',
    '1e-05',
    '0.0001',
    '1e+15',
    '123456789012345',
    '-Infinity',
    'Infinity',
    'NaN',
  ],
  boolean: ['t', 'f'],
  text: ['', 'a', 'ä', "'", '\\', '🙂'],
  bytes: ['\\x', '\\x00', '\\x00ff10', '\\x5c785c'],
  json: [
    '{"b": 1, "a": [1.10, null]}',
    '[]',
    '"\\u00e9 \\\\ \\n"',
    '{"a":1,"a":2}',
    ' 12345678901234567890.10 ',
  ],
  uuid: ['00000000-0000-0000-0000-000000000000', 'c0ffee00-1234-4abc-8def-0123456789ab'],
  date: ['2024-02-29', '0001-01-01', '9999-12-31'],
  timestamp: ['2024-02-29 23:59:59.123456', '1970-01-01 00:00:00', '0001-01-01 00:00:00.1'],
};

interface Case {
  readonly type: string;
  readonly texts: readonly string[];
  readonly since: number;
  readonly literal: (text: string) => string;
}

function casesOf(harness: ContractHarness): readonly Case[] {
  const neutral = NEUTRAL_TYPES.flatMap((type): readonly Case[] => {
    const spelled = harness.types[type];
    if (spelled === null) return [];
    const literal = (text: string): string => harness.literal(type, text);
    const since = harness.typesSince?.[type] ?? 0;
    return [{ type: spelled, texts: NEUTRAL_TEXTS[type], since, literal }];
  });
  const native = harness.nativeCases.map(
    ({ type, texts, since = 0 }): Case => ({
      type,
      texts,
      since,
      literal: (text) =>
        harness.nativeLiteral?.(type, text) ?? `CAST('${text.replaceAll("'", "''")}' AS ${type})`,
    }),
  );
  return [...neutral, ...native];
}

/** Every type goes through a table of its own, NULL included, and comes out as the same canonical text. */
export function describeTypes(harness: ContractHarness): void {
  describe(`${harness.title}: types`, () => {
    let from: TestPlace;
    let to: TestPlace;
    let source: Database;
    let target: Database;
    let tables = 0;
    let major = 0;

    beforeAll(async () => {
      [from, to] = await Promise.all([harness.place(), harness.place()]);
      [source, target] = await Promise.all([from.open(), to.open()]);
      major = Number(/\d+/.exec(await source.ping(never()))?.[0]);
    });
    afterAll(async () => {
      await Promise.all([from.drop(), to.drop()]);
    });

    const quote = quoteOf(harness);
    const rendered = async (place: TestPlace, table: string, render: string): Promise<TestRow[]> =>
      place.query(`SELECT ${render} FROM ${quote(table)} ORDER BY ${quote('id')}`);

    describe.each(casesOf(harness))('$type', ({ type, texts, since, literal }) => {
      test.for(['text-rows', 'auto'] as const)('keeps its values (%s)', async (encoding, { skip }) => {
        skip(major < since, `there since version ${since}`);
        const table = `t${(tables += 1)}`;
        await from.execute(
          `CREATE TABLE ${quote(table)} (${quote('id')} ${harness.types.bigint} PRIMARY KEY, ${quote('v')} ${type})`,
        );
        const values = [
          ...texts.map((text, index) => `(${index}, ${literal(text)})`),
          `(${texts.length}, NULL)`,
        ];
        await from.execute(`INSERT INTO ${quote(table)} VALUES ${values.join(', ')}`);
        const started = await startTable(harness, { source, target }, table, {
          spec: { read: { encoding } },
        });
        const column = started.plan.columns[1]!;
        expect(column).toMatchObject({ exact: true });
        await copyLane({ source, target }, started);
        const expected = [...texts.map((text): TestRow => [text]), [null]];
        const shown = (rows: readonly TestRow[]): readonly TestRow[] => rows;
        expect(shown(await rendered(to, table, quote('v')))).toEqual(await rendered(from, table, quote('v')));
        const definition = checksumByDefinition(expected.map((row, index) => [String(index), ...row]));
        expect(await source.reader.checksum(started.plan, null, never())).toEqual(definition);
        expect(await target.writer.checksum(started.plan, null, never())).toEqual(definition);
      });
    });

    test.each(CHECKSUM_VECTORS)(
      'the checksum of $table.name is the one of every database',
      async ({ table, rows, sum }) => {
        await createTestTable(harness, from, table, rows);
        const [schema] = await source.introspector.describeTables(
          [nameOf(harness, table.name, source)],
          never(),
        );
        // To another product, so that values are compared by their canonical texts.
        const plan = computeTablePlan({
          spec: { source: 'a', hub: 'h', target: 'b', tables: {} },
          selection: {},
          ordinal: 1,
          source: { dialect: harness.dialect, table: schema! },
          target: { dialect: standInDialect('another'), name: { schema: 'main', name: 't' }, table: null },
        });
        expect(await source.reader.checksum(plan, null, never())).toEqual({ rows: BigInt(rows.length), sum });
      },
    );
  });
}
