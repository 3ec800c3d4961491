import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { afterAll, describe, expect, test } from 'vitest';
import { checkSettings } from '../../src/catalog/check-settings.ts';
import { loadConfig } from '../../src/catalog/load-config.ts';
import { readConfig } from '../../src/catalog/read-config.ts';
import type { Config } from '../../src/model/config.ts';
import { isSluiceError, type SluiceError } from '../../src/model/sluice-error.ts';

const read = (text: string, environment: Record<string, string> = {}) =>
  readConfig({ text, path: 'sluice.yaml', folder: '.', environment });

const good = (text: string, environment: Record<string, string> = {}): Config => {
  const { config, problems } = read(text, environment);
  expect(problems).toEqual([]);
  return config as Config;
};

const problemsOf = (text: string, environment: Record<string, string> = {}) =>
  read(text, environment).problems.map((problem) => [
    problem.code,
    problem.details.where,
    problem.message,
    problem.details.suggestion ?? '',
  ]);

const errorOf = (work: () => unknown): SluiceError => {
  try {
    work();
  } catch (error) {
    if (isSluiceError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

const CONNECTIONS = `version: 1
connections:
  shop:      { url: "postgres://app@db1:5432/shop" }
  warehouse: { url: "sqlite:/tmp/w.db" }
  events:    { url: "nats://hub:4222" }
`;
const transfer = (lines: string): string => `${CONNECTIONS}transfers:
  orders:
    source: shop
    hub: events
    target: warehouse
${lines}`;

describe('a good configuration', () => {
  test('is read, frozen, and has the defaults of the ledger', () => {
    const config = good(transfer(`    tables: { "public.*": {}, "public.audit_*": false }\n`));
    expect(config.transfer('orders').tables).toEqual({ 'public.*': {}, 'public.audit_*': false });
    expect(config.ledger).toEqual({ schema: 'sluice', prefix: 'sluice_' });
    expect(config.connectionNames).toEqual(['shop', 'warehouse', 'events']);
    expect(Object.isFrozen(config.transfer('orders').tables)).toBe(true);
  });

  test('may be JSON, indented with tabs', () => {
    const config = good('{\n\t"version": 1,\n\t"connections": {\n\t\t"a": {"url": "sqlite:x"}\n\t}\n}\n');
    expect(config.connection('a').url).toBe('sqlite:x');
  });

  test('reads variables as what the place wants: number where a number stands, text where a text stands', () => {
    const text = transfer(
      `    tables: { "t\${N}": {} , "x": { to: "\${N}" } }\n    write: { writers: "\${N:-4}" }\n`,
    );
    const config = good(text, { N: '7' });
    expect(config.transfer('orders').write?.writers).toBe(7);
    expect(config.transfer('orders').tables['x']).toEqual({ to: '7' });
  });

  test('resolves aliases', () => {
    const config = good(`${CONNECTIONS}transfers:
  a: &a { source: shop, hub: events, target: warehouse, tables: { x: {} } }
  b: *a
`);
    expect(config.transfer('b')).toEqual(config.transfer('a'));
  });
});

describe('what is wrong is named with file, line and column', () => {
  test.each([
    [
      'an unknown key with the nearest known one',
      transfer(`    tabels: { x: {} }\n    tables: { x: {} }\n`),
      [
        'config.unknown_key',
        'transfers.orders.tabels (sluice.yaml:11:5)',
        'unknown key "tabels"',
        'did you mean "tables"?',
      ],
    ],
    [
      'an unknown key inside a table, although the table may also be false',
      transfer(`    tables:\n      public.orders: { wher: "a > 1" }\n`),
      [
        'config.unknown_key',
        'transfers.orders.tables."public.orders".wher (sluice.yaml:12:24)',
        'unknown key "wher"',
        'did you mean "where"?',
      ],
    ],
    [
      'a number out of its bounds',
      transfer(`    tables: {}\n    write:\n      writers: 41\n`),
      [
        'config.invalid',
        'transfers.orders.write.writers (sluice.yaml:13:16)',
        'must be a whole number from 1 to 40',
        '',
      ],
    ],
    [
      'a word that is none of the choices',
      transfer(`    tables: {}\n    write: { mode: upsrt }\n`),
      [
        'config.invalid',
        'transfers.orders.write.mode (sluice.yaml:12:20)',
        'must be one of fail-if-not-empty, append, truncate, upsert',
        'did you mean "upsert"?',
      ],
    ],
    [
      'a key that is missing',
      transfer(''),
      ['config.invalid', 'transfers.orders.tables (sluice.yaml:7:3)', '"tables" is missing', ''],
    ],
    [
      'a connection that is not there',
      transfer(`    tables: {}\n`).replace('source: shop', 'source: shpo'),
      [
        'config.unknown_name',
        'transfers.orders.source (sluice.yaml:8:13)',
        'there is no connection "shpo"',
        'did you mean "shop"?',
      ],
    ],
    [
      'an undefined variable with its own message',
      transfer(`    tables: {}\n    reportingInterval: \${EVERY:?how often}\n`),
      [
        'config.undefined_variable',
        'transfers.orders.reportingInterval (sluice.yaml:12:24)',
        'how often',
        'export EVERY=…, or write ${EVERY:-default}',
      ],
    ],
    [
      'a name that could be no workflow id',
      `${CONNECTIONS}transfers: { "a b": { source: shop, hub: events, target: warehouse, tables: {} } }\n`,
      [
        'config.invalid',
        'transfers."a b" (sluice.yaml:6:14)',
        '"a b" cannot be a name: letters, digits, _ and - only, at most 64',
        '',
      ],
    ],
    [
      'a wrong version',
      CONNECTIONS.replace('1', '2'),
      ['config.invalid', 'version (sluice.yaml:1:10)', 'must be 1', ''],
    ],
  ])('%s', (_, text, expected) => {
    expect(problemsOf(text)).toEqual([expected]);
  });

  test('all problems are found at once', () => {
    const text = transfer(`    tables: {}\n    writ: {}\n    read: { readers: 0 }\n`);
    expect(problemsOf(text).map(([code]) => code)).toEqual(['config.unknown_key', 'config.invalid']);
  });

  test.each([
    ['a file that is no YAML', 'a: [1', 'config.invalid'],
    ['a key given twice', 'version: 1\nversion: 1\n', 'config.invalid'],
    ['an alias to itself', 'version: &a [ *a ]\n', 'config.invalid'],
    ['an empty file', '', 'config.invalid'],
    ['a list', '- 1\n', 'config.invalid'],
    ['a key __proto__', `${CONNECTIONS}__proto__: {}\n`, 'config.unknown_key'],
  ])('%s is refused', (_, text, code) => {
    const { problems } = read(text);
    expect(problems[0]?.code).toBe(code);
    expect(problems[0]?.details.where).toMatch(/sluice\.yaml:\d+:\d+/);
  });
});

describe('connections', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are resolved only when asked: a missing secret does not stop who needs none', () => {
    const config = good(
      'version: 1\nconnections:\n  a: { url: "postgres://u@h/d", password: { env: PW } }\n',
    );
    const error = errorOf(() => config.connection('a'));
    expect(error.code).toBe('config.undefined_variable');
    expect(error.details.where).toBe('connections.a.password (sluice.yaml:3:33)');
  });

  test('take the password from a file beside the configuration, and put it into the URL encoded', () => {
    writeFileSync(join(folder, 'secret'), 'p@ss/word\n');
    writeFileSync(
      join(folder, 'sluice.yaml'),
      'version: 1\nconnections:\n  a: { url: "postgres://u:old@h:1,i:2/d?x=1", password: { file: secret } }\n',
    );
    const connection = loadConfig({ folder, environment: {} }).connection('a');
    expect(connection.url).toBe('postgres://u:p%40ss%2Fword@h:1,i:2/d?x=1');
    expect(connection.scheme).toBe('postgres');
    expect(connection.secrets).toContain('p@ss/word');
  });

  test('read the environment anew at each call', () => {
    const environment: Record<string, string> = { U: 'sqlite:one' };
    const config = good('version: 1\nconnections: { a: { url: "${U}" } }\n', environment);
    expect(config.connection('a').url).toBe('sqlite:one');
    environment['U'] = 'sqlite:two';
    expect(config.connection('a').url).toBe('sqlite:two');
  });

  test('have settings of their kind, with the nearest known one for an unknown', () => {
    const schema = Type.Object({ poolSize: Type.Optional(Type.Integer()) }, { additionalProperties: false });
    const text = (rest: string) => `version: 1\nconnections:\n  a: { url: "sqlite:x", ${rest} }\n`;
    expect(checkSettings(good(text('poolSize: "${P:-3}"')).connection('a'), schema)).toEqual({ poolSize: 3 });
    const error = errorOf(() => checkSettings(good(text('poolsize: 3')).connection('a'), schema));
    expect(error.code).toBe('config.unknown_key');
    expect(error.details.suggestion).toBe('did you mean "poolSize"?');
    expect(error.details.where).toBe('connections.a.poolsize (sluice.yaml:3:25)');
  });

  test.each([
    ['no scheme', '{ url: "h/d" }'],
    ['a password without a user', '{ url: "postgres://h/d", password: x }'],
  ])('are refused with %s', (_, spec) => {
    const config = good(`version: 1\nconnections: { a: ${spec} }\n`);
    expect(errorOf(() => config.connection('a')).code).toBe('connection.invalid_url');
  });
});
