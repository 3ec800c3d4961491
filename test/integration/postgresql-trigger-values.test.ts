import { afterEach, expect, test } from 'vitest';
import { serverMajor } from '../support/postgresql-harness.ts';
import { applicationOf, createTriggerStage, type TriggerStage } from '../support/postgresql-triggers.ts';
import { describeWith } from '../support/servers.ts';
import { POSTGRESQL_SAMPLES, POSTGRESQL_TYPES } from '../support/types/postgresql-samples.ts';

let stage: TriggerStage;
afterEach(() => stage?.close());

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The value of the column v as it stands in the JSON. */
const rawOf = (json: string | null): string => /"v" ?: ([\s\S]*)\}$/.exec(json ?? '')?.[1] ?? 'no value';

const NUMBERS = /^(?:smallint|integer|bigint|oid|numeric.*|money|double precision|real)$/;

/** What src/model/change-event.ts says of a canonical text. */
function expected(type: string, text: string): string {
  if (NUMBERS.test(type)) return /^-?[\d.]/.test(text) ? text : JSON.stringify(text);
  if (type === 'boolean') return text === 't' ? 'true' : 'false';
  if (type === 'bytea') return JSON.stringify(text.slice(2).toUpperCase());
  if (type.startsWith('timestamp'))
    return JSON.stringify(text.replace(' ', 'T').replace(/\+00(?= BC|$)/, '+00:00')).replace('TBC', ' BC');
  return text;
}

/** Everything that a session can have other than we do, and names of what the functions call in a schema before ours. */
const HOSTILE = `
  SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Asia/Kolkata'; SET IntervalStyle = 'sql_standard'; SET bytea_output = 'escape';
  SET extra_float_digits = -3; SET standard_conforming_strings = off; SET backslash_quote = off; SET xmlbinary = 'hex'; SET search_path = evil, public`;
const EVIL = `
  CREATE SCHEMA evil;
  CREATE FUNCTION evil.to_json(text) RETURNS json LANGUAGE sql AS 'SELECT ''"evil"''::json';
  CREATE FUNCTION evil.upper(text) RETURNS text LANGUAGE sql AS 'SELECT ''evil''';
  CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT timestamptz ''2000-01-01''';
  CREATE FUNCTION evil.txid_current() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
  CREATE TYPE evil.text AS ENUM ('evil')`;

const SINCE: Readonly<Record<string, number>> = { 'numeric(20,-2)': 15, 'numeric(2,5)': 15 };

describeWith(['postgres'], 'values that triggers of PostgreSQL record', () => {
  test('of every type are its canonical text, whatever the session is set to, and none makes a statement fail', async ({
    skip,
  }) => {
    const major = await serverMajor();
    skip(major < 14, 'the samples are those of PostgreSQL 14 and later');
    const samples = POSTGRESQL_SAMPLES.filter(({ type }) => major >= (SINCE[type] ?? 0));
    const tables = samples.map(
      ({ type }, at) =>
        `CREATE TABLE t${at} (id int PRIMARY KEY, touched int DEFAULT 0, v ${type}); CREATE TABLE s${at} (LIKE t${at} INCLUDING ALL)`,
    );
    stage = await createTriggerStage(`${EVIL}; ${POSTGRESQL_TYPES}; ${tables.join(';')}`);
    const outcomes = await stage.deploy({ 't*': {}, 's*': { form: 'statement' } });
    expect(outcomes.filter(({ done }) => done !== 'deployed')).toEqual([]);
    const hostile = await applicationOf(stage.place.url);
    try {
      await hostile.query(HOSTILE);
      const wrong: unknown[] = [];
      for (const [at, { type, edges }] of samples.entries()) {
        const values = [null, ...edges].map(
          (edge, id) => `(${id}, ${edge === null ? 'NULL' : literal(edge)})`,
        );
        for (const table of [`t${at}`, `s${at}`]) {
          await stage.place.execute(`INSERT INTO ${table} (id, v) VALUES ${values.join(', ')}`);
          await hostile.query(`UPDATE public.${table} SET touched = touched + 1`);
          const text = type === 'money' ? 'v::numeric' : 'v';
          const events = await stage.place.query(
            `SELECT e.new, e.old, concat(${text}), v IS NOT DISTINCT FROM NULL, to_json(concat(${text}))::text FROM sluice_capture.event_logs e JOIN ${table} t ON e.message_key = concat('{"id": ', t.id, '}')
             WHERE table_number = (SELECT number FROM sluice_capture.captured_tables WHERE table_name = '${table}') ORDER BY e.id`,
          );
          expect(events.length, type).toBe(2 * values.length);
          for (const [made, old, plain, isNull, quoted] of events) {
            const whole = expected(type, plain ?? '');
            const wanted = isNull === 't' ? 'null' : whole === plain && !NUMBERS.test(type) ? quoted : whole;
            for (const json of [made, ...(old === null ? [] : [old])])
              if (rawOf(json ?? null) !== wanted) wrong.push({ type, got: rawOf(json ?? null), wanted });
          }
        }
      }
      expect(wrong).toEqual([]);
      expect(
        await stage.place.query(
          `SELECT count(*) FROM sluice_capture.event_logs WHERE at < now() - interval '1 hour' OR transaction = 1`,
        ),
      ).toEqual([['0']]);
    } finally {
      await hostile.end();
    }
  });

  test('that are too large to be written by a trigger are marked, and the statement is no failure', async () => {
    stage = await createTriggerStage('CREATE TABLE t (id int PRIMARY KEY, v bytea)');
    await stage.deploy({ t: {} });
    await stage.place.execute(`INSERT INTO t SELECT 1, decode(repeat('00', 70000000), 'hex')`);
    expect(await stage.told()).toEqual(['I {"id":1,"v":{"sluice":"not recorded"}}']);
  });

  test('of domains, generated columns and types of extensions', async () => {
    stage = await createTriggerStage(`
      CREATE DOMAIN amount AS numeric(10,2) CHECK (VALUE > 0); CREATE DOMAIN doc AS jsonb; CREATE DOMAIN docs AS doc;
      CREATE TABLE t (id int PRIMARY KEY, a amount, d docs, g int GENERATED ALWAYS AS (id * 2) STORED, b "char", r numrange, m timestamptz[])`);
    await stage.deploy({ t: {} });
    await stage.place.execute(
      `INSERT INTO t (id, a, d, b, r, m) VALUES (1, 1.50, '{"x": "\\"1"}', 'c', '[1.10,2)', '{2024-01-01 00:00:00+02}')`,
    );
    const [event] = await stage.events();
    expect(event?.new).toMatch(/"a" ?: 1\.50,/);
    expect(JSON.parse(event?.new ?? '')).toEqual({
      id: 1,
      a: 1.5,
      d: '{"x": "\\"1"}',
      b: 'c',
      r: '[1.10,2)',
      m: '{"2023-12-31 22:00:00+00"}',
    });
  });
});
