import { describe, expect, test } from 'vitest';
import {
  pinned,
  pinsOf,
  renderAtUtc,
  renderJsonOf,
  renderKeyOf,
  renderObjectOf,
} from '../../src/databases/postgresql/capture/triggers/texts/json-of.ts';
import { renderTriggers } from '../../src/databases/postgresql/capture/triggers/texts/render-triggers.ts';
import type { Subject } from '../../src/databases/postgresql/capture/triggers/texts/subject.ts';
import { lineDiff } from '../../src/cli/show/line-diff.ts';

const column = (name: string, type: string) => ({ name, type, baseType: type, enumLabels: null });

const ORDERS: Subject = {
  place: { schema: 'sluice_capture', prefix: 'sluice_' },
  number: 7,
  table: { schema: 'public', name: 'orders' },
  all: ['id', 'note', 'doc'],
  watched: ['id', 'note', 'doc'],
  payload: [column('id', 'bigint'), column('note', 'text'), column('doc', 'jsonb')],
  key: [{ ...column('id', 'bigint'), equals: 'OPERATOR(pg_catalog.=)' }],
  isDeferrable: false,
  isPartitioned: false,
  where: null,
  expressions: [],
  messageKey: undefined,
  form: 'row',
  operations: ['insert', 'update', 'delete', 'truncate'],
};

const textOf = (subject: Subject): string =>
  renderTriggers(subject)
    .map(({ functionSql, triggerSql }) => `${functionSql};\n${triggerSql};\n`)
    .join('\n');
/** The statements that reach a server, letter by letter: a change of one is seen here before it is measured there. */
describe('triggers of PostgreSQL', () => {
  test('for each row', async () => {
    await expect(textOf(ORDERS)).toMatchFileSnapshot('golden/postgresql-triggers-row.sql');
  });

  test('for each statement, with SQL of the user', async () => {
    const subject: Subject = {
      ...ORDERS,
      form: 'statement',
      where: `note <> 'a\nb'`,
      expressions: [{ ...column('twice', 'bigint'), sql: 'id * 2' }],
      messageKey: { expression: 'upper(note)' },
    };
    await expect(textOf(subject)).toMatchFileSnapshot('golden/postgresql-triggers-statement.sql');
  });

  test('keep the line ends of names and of texts of a user', () => {
    const name = 'a\n  b';
    const texts = renderTriggers({
      ...ORDERS,
      all: [name],
      watched: [name],
      payload: [column(name, 'integer')],
      key: [{ ...column(name, 'integer'), equals: 'OPERATOR(pg_catalog.=)' }],
      where: `"a\n  b" <> 'c\n  $function$'`,
    });
    for (const { functionSql } of texts.slice(0, 3)) {
      expect(functionSql).toContain(`"a\n  b" <> 'c\n  $function$'`);
      expect(functionSql).toMatch(/AS \$functionx\$[\s\S]*\$functionx\$$/);
      expect(functionSql).toContain(String.raw`'{"a\n  b": '`);
      expect(functionSql).not.toContain('\0');
    }
  });

  test('call nothing without its schema, so that a session’s search_path means nothing', () => {
    for (const { functionSql } of renderTriggers(ORDERS)) {
      const body = functionSql.replaceAll(/'(?:[^']|'')*'/g, "''").replaceAll(/"(?:[^"]|"")*"/g, '""');
      const called = [...body.matchAll(/(?<![.\w"])([a-z_]+)\(/g)].map(([, name]) => name);
      expect(called.filter((name) => !['coalesce', 'greatest', 'n'].includes(name ?? ''))).toEqual([]);
      expect(body).not.toMatch(/::(?!pg_catalog\.|bigint|numeric)/);
      const signs = body.replaceAll(/OPERATOR\(pg_catalog\.[^)]+\)|<<sluice>>|#variable_conflict/g, '');
      expect(signs).not.toMatch(/[<>|*+#]|[^:]=/);
    }
  });
});

describe('values of PostgreSQL in JSON', () => {
  test.each([
    ['integer', 'NEW."v"::pg_catalog.text'],
    ['uuid', `'"' OPERATOR(pg_catalog.||) NEW."v"::pg_catalog.text OPERATOR(pg_catalog.||) '"'`],
    ['numeric(12,2)', 'pg_catalog.to_json(NEW."v")'],
    ['timestamp(3) without time zone', 'pg_catalog.to_json(NEW."v")'],
    ['character varying(20)', 'pg_catalog.to_json(NEW."v")'],
    ['oid', 'pg_catalog.to_json(NEW."v"::bigint)'],
    ['money', 'pg_catalog.to_json(NEW."v"::numeric)'],
    ['json', 'pg_catalog.to_json(NEW."v"::pg_catalog.text)'],
    ['bytea', `pg_catalog.to_json(pg_catalog.upper(pg_catalog.encode(NEW."v", 'hex')))`],
    [
      'integer[]',
      'pg_catalog.to_json(CASE WHEN NEW."v" IS DISTINCT FROM NULL THEN pg_catalog.concat(NEW."v") END)',
    ],
    [
      'shop."Pair"',
      'pg_catalog.to_json(CASE WHEN NEW."v" IS DISTINCT FROM NULL THEN pg_catalog.concat(NEW."v") END)',
    ],
  ])('%s', (type, value) => {
    expect(renderJsonOf([column('v', type)], 'NEW')).toBe(
      `pg_catalog.concat('{"v": ', coalesce(${value}, 'null'), '}')`,
    );
  });

  test('a time with its zone is told at UTC, whatever the session is set to', () => {
    const json = renderJsonOf([column('v', 'timestamp(3) with time zone')], 'NEW');
    expect(json).toContain(`pg_catalog.to_json(pg_catalog.timezone('0'::pg_catalog.interval, NEW."v"))`);
    expect(json).not.toContain('pg_catalog.to_json(NEW."v")');
  });

  test('and by the setting where a whole statement is told with it', () => {
    const [value] = pinned([column('v', 'timestamp(3) with time zone')]);
    expect(renderJsonOf([value!], 'n')).toContain('coalesce(pg_catalog.to_json(n."v"), ');
    expect(pinsOf(value!)).toEqual(['TimeZone']);
  });

  test('that are too long are told as not recorded', () => {
    expect(renderJsonOf([column('v', 'text')], 'OLD', true)).toContain(
      `CASE WHEN pg_catalog.octet_length(OLD."v") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE`,
    );
    expect(renderJsonOf([column('v', 'character varying(20)')], 'OLD', true)).not.toContain('CASE');
  });

  test('of many columns are built by several calls', () => {
    const columns = Array.from({ length: 100 }, (_, at) => column(`c${at}`, 'integer'));
    const calls = renderJsonOf(columns, 'NEW').split('concat(').slice(2);
    expect(calls.map((call) => call.split('NEW.').length - 1)).toEqual([40, 40, 20]);
  });

  test('of a single row are told by one call, whose names and values it takes up to 100 of', () => {
    const columns = [column(`it's`, 'integer'), column('v', 'jsonb')];
    expect(renderObjectOf(columns, 'NEW', true)).toBe(
      `pg_catalog.json_build_object('it''s'::pg_catalog.text, NEW."it's", 'v'::pg_catalog.text, NEW."v"::pg_catalog.text)::pg_catalog.text`,
    );
    const many = Array.from({ length: 120 }, (_, at) => column(`c${at}`, 'integer'));
    const calls = renderObjectOf(many, 'NEW', true).split('json_build_object(').slice(1);
    expect(calls.map((call) => call.split('NEW.').length - 1)).toEqual([50, 50, 20]);
  });

  test('a time with its zone is told as it is only where the session is at UTC', () => {
    const columns = [column('v', 'timestamp with time zone')];
    expect(renderAtUtc(columns)).toContain(`pg_catalog.current_setting('TimeZone')`);
    expect(renderObjectOf(columns, 'NEW', true)).toContain(`'v'::pg_catalog.text, NEW."v")`);
    expect(renderObjectOf(columns, 'NEW', false)).toContain(
      `pg_catalog.timezone('0'::pg_catalog.interval, NEW."v")`,
    );
    expect(renderAtUtc([column('v', 'timestamp without time zone')])).toBeNull();
  });

  test('a key of several columns', () => {
    expect(renderKeyOf([column('a', 'integer'), column('b"', 'text')], 'NEW')).toBe(
      String.raw`'{"a": ' OPERATOR(pg_catalog.||) coalesce(NEW."a"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) ', "b\"": ' OPERATOR(pg_catalog.||) coalesce(pg_catalog.to_json(NEW."b""")::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}'`,
    );
  });

  test.each([
    ['integer', []],
    ['text', []],
    ['timestamp without time zone', []],
    ['timestamp with time zone', []],
    ['timestamp(3) with time zone[]', ['DateStyle', 'TimeZone']],
    ['date[]', ['DateStyle']],
    ['double precision', ['extra_float_digits']],
    ['point', ['extra_float_digits']],
    ['interval', ['IntervalStyle']],
    ['bytea', []],
    ['bytea[]', ['bytea_output']],
    ['money', ['lc_monetary']],
    [
      'shop."Pair"',
      ['DateStyle', 'IntervalStyle', 'TimeZone', 'bytea_output', 'extra_float_digits', 'lc_monetary'],
    ],
  ])('%s needs no more settings than decide its text', (type, pins) => {
    expect(pinsOf(column('v', type))).toEqual(pins);
  });
});

test('a diff has the lines of both texts in their order', () => {
  expect(lineDiff('a\nb\nc', 'a\nx\nc\nd')).toEqual(['  a', '- b', '+ x', '  c', '+ d']);
  expect(lineDiff('', 'a')).toEqual(['- ', '+ a']);
});
