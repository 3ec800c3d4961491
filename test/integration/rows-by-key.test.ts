import { expect, test } from 'vitest';
import { lookAt } from '../../src/engine/finishing/live/look-at.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { RowInspector } from '../../src/engine/ports/row-inspector.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import { never } from '../contract/test-tables.ts';
import { copyTable } from '../support/copy-table.ts';
import { type Product, useOpenPlaces } from '../support/places.ts';
import { describeWith } from '../support/servers.ts';

const TIMES = ["'2024-01-01 00:00:00'", "'2024-06-30 23:59:59.123'"];
const TEXTS = ["'a'", "'B'", "'it''s'", "'Zoë \\'"];

/** Keys of two columns: the first is of the type. Values as each database spells them. */
const KEYS: Readonly<Record<Product, readonly (readonly [string, readonly string[]])[]>> = {
  postgres: [
    ['bigint', ['-1', '0', '9223372036854775807']],
    ['numeric(12,2)', ['-1.50', '0', '1234567890.10']],
    ['varchar(20)', TEXTS],
    ['uuid', ["'01234567-89ab-4def-8123-456789abcdef'"]],
    ['timestamp(3)', TIMES],
    ['timestamptz(3)', TIMES],
    ['date', ["'2024-02-29'"]],
    ['bytea', [String.raw`'\x00ff'`, String.raw`'\x41'`]],
    ['boolean', ['true', 'false']],
  ],
  mariadb: [
    ['bigint unsigned', ['0', '18446744073709551615']],
    ['decimal(12,2)', ['-1.50', '0', '1234567890.10']],
    ['varchar(20) COLLATE utf8mb4_bin', ["'a'", "'B'", "'it''s'"]],
    ['uuid', ["'01234567-89ab-4def-8123-456789abcdef'"]],
    ['datetime(3)', TIMES],
    ['date', ["'2024-02-29'"]],
    ['varbinary(9)', ["X'00ff'", "X'41'"]],
    ['boolean', ['1', '0']],
    ["enum('no','yes')", ["'no'", "'yes'"]],
  ],
  sqlite: [
    ['INTEGER', ['-1', '0', '9223372036854775807']],
    ['NUMERIC', ['1', '2']],
    ['TEXT', TEXTS],
    ['DATETIME', TIMES],
    ['DATE', ["'2024-02-29'"]],
    ['BLOB', ["X'00ff'", "X'41'"]],
    ['BOOLEAN', ['1', '0']],
  ],
};

const PAIRS: readonly (readonly [Product, Product])[] = [
  ['postgres', 'postgres'],
  ['postgres', 'mariadb'],
  ['postgres', 'sqlite'],
  ['mariadb', 'mariadb'],
  ['mariadb', 'postgres'],
  ['sqlite', 'sqlite'],
  ['sqlite', 'postgres'],
];

describeWith(['postgres', 'mariadb'], 'rows that are found by their keys', () => {
  const open = useOpenPlaces();

  const digestsOf = ({ inspector }: Database, plan: TablePlan, side: 'source' | 'target') =>
    inspector.rowDigests({ plan, side, range: null, keys: [0, 1], buckets: 1, chosen: [0] }, never());
  /** As of a database that finds rows by their buckets only. */
  const withoutIndex = ({ inspector }: Database): { readonly inspector: RowInspector } => ({
    inspector: {
      bucketSums: (request, signal) => inspector.bucketSums(request, signal),
      rowDigests: (request, signal) => inspector.rowDigests(request, signal),
    },
  });
  const told = (rows: readonly { key: readonly string[]; digest: string }[]): readonly string[] =>
    rows.map(({ key, digest }) => `${key.join(' ')} ${digest}`).toSorted();

  test.for(PAIRS)(
    'are the same on either side, whatever the type of the key: %s to %s',
    async ([from, to]) => {
      const [source, target] = [await open(from), await open(to)];
      const ends = { source: source.database, target: target.database };
      for (const [at, [type, values]] of KEYS[from].entries()) {
        const name = `t${at}`;
        await source.place.execute(
          `CREATE TABLE ${name} (k ${type} NOT NULL, n integer NOT NULL, v varchar(9), PRIMARY KEY (k, n))`,
        );
        const rows = values.flatMap((value) => [`(${value}, 1, 'x')`, `(${value}, 2, NULL)`]);
        await source.place.execute(`INSERT INTO ${name} VALUES ${rows.join(', ')}`);
        const { plan } = await copyTable(ends, name);
        const known = await digestsOf(ends.source, plan, 'source');
        expect(known, type).toHaveLength(rows.length);
        const asked = { plan, keys: [0, 1], names: known.map(({ key }) => key) };
        const control = { stop: never(), progress: () => undefined };
        const bare = { source: withoutIndex(ends.source), target: withoutIndex(ends.target) };
        const seen = await lookAt(ends, asked, control);
        expect(seen, type).toEqual(await lookAt(bare, asked, control));
        expect(seen.size, type).toBe(rows.length);
        for (const side of ['source', 'target'] as const) {
          const { inspector } = ends[side];
          const request = { plan, side, keys: [0, 1] } as const;
          const { names } = asked;
          const found = (await inspector.rowsAt?.({ ...request, names }, never())) ?? [];
          expect(told(found), `${type} ${side}`).toEqual(told(await digestsOf(ends[side], plan, side)));
          const one = (await inspector.rowsAt?.({ ...request, names: names.slice(0, 1) }, never())) ?? [];
          expect(
            one.map(({ key }) => key),
            `${type} ${side}`,
          ).toEqual([names[0]]);
        }
      }
    },
  );
});
