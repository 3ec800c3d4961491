import { describe, expect, test } from 'vitest';
import {
  literal,
  quote,
  renderChecksum,
  renderConditions,
  renderCopyIn,
  renderCopyOut,
  renderKeySample,
  renderKeyWalk,
  renderRowText,
  renderTargetConditions,
} from '../../src/databases/postgresql/sql.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';

const column = (name: string, type: string) => ({
  source: name,
  target: name,
  sourceType: type,
  targetType: type,
  select: quote(name),
  renderSource: quote(name),
});

/** A table with odd names and a key of two columns; what the renderers do not look at is left out. */
const plan = {
  id: 'sales.Odd "name"',
  source: { schema: 'sales', name: 'Odd "name"' },
  target: { schema: 'copy', name: 'Odd "name"' },
  columns: [column('a', 'text'), column('b', 'uuid'), column('sel"ect', 'numeric')],
  position: { kind: 'key', columns: ['a', 'b'], types: ['text', 'uuid'], sameOrder: true },
  where: null,
  encoding: 'text-rows',
} as unknown as TablePlan;
const keyless = { ...plan, position: { kind: 'row-address', columns: ['ctid'] } } as unknown as TablePlan;

const plain = { only: true };
const partitioned = { only: false };
const range = { lane: 1, after: ["it's", '1'], upto: ['z', '2'] };
const whole = { lane: 1, after: null, upto: null };

/** The statements that reach a server, letter by letter: a change of one is seen here before it is measured there. */
describe('the SQL of PostgreSQL', () => {
  test('quotes identifiers and texts', () => {
    expect(quote('a"b')).toBe('"a""b"');
    expect(literal(String.raw`it's \ here`)).toBe(String.raw`'it''s \ here'`);
  });

  test('reads a range in the order of its key', () => {
    expect(renderCopyOut(plan, plain, { range, after: null, hidden: [] })).toBe(
      `COPY (SELECT "a", "b", "sel""ect" FROM ONLY "sales"."Odd ""name""" WHERE ("a", "b") > ('it''s'::text, '1'::uuid) AND ("a", "b") <= ('z'::text, '2'::uuid) ORDER BY "a", "b") TO STDOUT (FORMAT text); COMMIT`,
    );
  });

  test('reads on after a position, with the position beside the row, as binary', () => {
    const binary = { ...plan, encoding: 'binary-rows' } as TablePlan;
    const request = { range, after: ['m', '3'], hidden: ['concat("a")', 'concat("b")'] };
    expect(renderCopyOut(binary, plain, request)).toBe(
      `COPY (SELECT concat("a"), concat("b"), "a", "b", "sel""ect" FROM ONLY "sales"."Odd ""name""" WHERE ("a", "b") > ('m'::text, '3'::uuid) AND ("a", "b") <= ('z'::text, '2'::uuid) ORDER BY "a", "b") TO STDOUT (FORMAT binary); COMMIT`,
    );
  });

  test('reads a table without a key by row address, and its partitions one after the other', () => {
    const request = { range: whole, after: null, hidden: ['concat(ctid)'] };
    expect(renderCopyOut(keyless, plain, request)).toBe(
      `COPY (SELECT concat(ctid), "a", "b", "sel""ect" FROM ONLY "sales"."Odd ""name""") TO STDOUT (FORMAT text); COMMIT`,
    );
    const after = { range: whole, after: ['16400', '(7,2)'], hidden: [] };
    expect(renderCopyOut(keyless, partitioned, after)).toBe(
      `COPY (SELECT "a", "b", "sel""ect" FROM "sales"."Odd ""name""" WHERE (tableoid, ctid) > ('16400'::oid, '(7,2)'::tid) ORDER BY tableoid, ctid) TO STDOUT (FORMAT text); COMMIT`,
    );
  });

  test('keeps the condition of a selection to itself, whatever its end is', () => {
    const chosen = { ...plan, where: 'placed -- of old' } as TablePlan;
    expect(renderConditions(chosen, plain, { ...whole, upto: ['z', '2'] }, null)).toBe(
      ` WHERE ("a", "b") <= ('z'::text, '2'::uuid) AND (\nplaced -- of old\n)`,
    );
    expect(renderConditions(plan, plain, null, null)).toBe('');
  });

  test('finds the rows of a range at the target', () => {
    expect(renderTargetConditions(plan, range)).toBe(
      ` WHERE ("a", "b") > ('it''s'::text, '1'::uuid) AND ("a", "b") <= ('z'::text, '2'::uuid)`,
    );
    expect(renderTargetConditions(plan, null)).toBe('');
  });

  test('walks the index of a key, or samples pages of a large table', () => {
    expect(renderKeyWalk(plan, plain, 1_000)).toBe(
      `WITH RECURSIVE walk(k0, k1) AS ((SELECT "a", "b" FROM ONLY "sales"."Odd ""name""" ORDER BY "a", "b" OFFSET 999 LIMIT 1) UNION ALL SELECT step.* FROM walk, LATERAL (SELECT "a", "b" FROM ONLY "sales"."Odd ""name""" WHERE ("a", "b") > (walk.k0, walk.k1) ORDER BY "a", "b" OFFSET 999 LIMIT 1) AS step) SELECT k0, k1 FROM walk`,
    );
    expect(renderKeySample(plan, partitioned, { percent: 0.5, ranges: 12 })).toBe(
      `SELECT "a", "b" FROM (SELECT "a", "b", row_number() OVER (ORDER BY "a", "b") AS sluice_n, count(*) OVER () AS sluice_c FROM "sales"."Odd ""name""" TABLESAMPLE SYSTEM (0.5000)) AS s WHERE sluice_n % greatest(1, sluice_c / 12) = 0 AND sluice_n < sluice_c ORDER BY "a", "b"`,
    );
  });

  test('writes into the columns that travel', () => {
    expect(renderCopyIn('"copy"."t"', ['a', 'sel"ect'], true)).toBe(
      `COPY "copy"."t" ("a", "sel""ect") FROM STDIN (FORMAT binary)`,
    );
  });

  test('sums the digests of rows by the octets of their texts', () => {
    expect(renderRowText(['"a"'], true)).toBe(
      `CASE WHEN ("a") IS DISTINCT FROM NULL THEN octet_length(concat("a")) || ':' || concat("a") || ';' ELSE '-;' END`,
    );
    expect(renderRowText(['"a"'], false)).toContain(`octet_length(convert_to(concat("a"), 'UTF8'))`);
    expect(renderRowText([], true)).toBe("''");
    const text = renderChecksum('"t"', '', 'ROW', true);
    expect(text).toContain(`('x' || substr(md5(ROW), 1, 16))::bit(64)::bigint`);
    expect(text).toContain('mod(mod(s, 18446744073709551616) + 18446744073709551616, 18446744073709551616)');
  });
});
