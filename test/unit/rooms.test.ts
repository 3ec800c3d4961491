import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  formViolations,
  importViolations,
  MAX_LINES,
  parseImports,
  type Rooms,
  type SourceFile,
} from '../support/import-rules.ts';

const SCHEMAS = '@sinclair/typebox';
const KAFKA_WIRE = ['lz4-napi', 'snappy', '@mongodb-js/zstd', '@node-rs/crc32'];

/** Who may import whom; docs/explanation/architecture.md draws it. */
const ROOMS: Rooms = {
  model: { values: [], packages: [SCHEMAS], builtins: false },
  engine: { values: ['model'], packages: [SCHEMAS], builtins: true },
  databases: { values: ['model', 'engine'], lazy: ['databases'], packages: [], builtins: false },
  'databases/*': {
    values: ['model', 'engine'],
    packages: [SCHEMAS, 'pg', 'pg-copy-streams', 'better-sqlite3', 'mysql2', 'oracledb'],
    builtins: true,
  },
  hubs: { values: ['model', 'engine'], lazy: ['hubs'], packages: [], builtins: false },
  'hubs/*': {
    values: ['model', 'engine'],
    packages: [SCHEMAS, 'nats', 'kafkajs', ...KAFKA_WIRE],
    builtins: true,
  },
  catalog: { values: ['model'], packages: [SCHEMAS, 'yaml'], builtins: true },
  workflows: {
    values: ['model'],
    types: ['activities'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
    builtins: false,
  },
  activities: {
    values: ['model', 'engine'],
    types: ['catalog'],
    packages: ['@temporalio/activity', '@temporalio/common'],
    builtins: true,
  },
  workers: {
    values: ['model', 'engine', 'databases', 'hubs', 'catalog', 'workflows', 'activities'],
    packages: ['*'],
    builtins: true,
  },
  cli: {
    values: ['model', 'catalog', 'workflows/messages', 'databases/index', 'hubs/index'],
    types: ['workflows', 'engine/ports'],
    lazy: ['workers/main', 'workers/local'],
    packages: ['*'],
    builtins: true,
  },
};

/** Drivers belong to one folder each: the table's siblings share a row, so this says whose they are. */
const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  'databases/postgresql': ['pg', 'pg-copy-streams'],
  'databases/mysql': ['mysql2'],
  'databases/oracle': ['oracledb'],
  'databases/sqlite': ['better-sqlite3'],
  'hubs/nats': ['nats'],
  'hubs/kafka': ['kafkajs', ...KAFKA_WIRE],
};

const driverViolations = (files: readonly SourceFile[]) =>
  files.flatMap(({ path, text }) => {
    const others = Object.entries(DRIVERS).filter(([folder]) => !path.startsWith(`${folder}/`));
    const foreign = new Set(others.flatMap(([, drivers]) => drivers));
    const found = parseImports(text).filter(({ specifier }) => foreign.has(specifier));
    return found.map(({ specifier }) => `${path} imports the driver ${specifier}`);
  });

function readSources(): readonly SourceFile[] {
  const root = join(import.meta.dirname, '../../src');
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return names.map((name) => ({
    path: name.split(sep).join(posix.sep),
    text: readFileSync(join(root, name), 'utf8'),
  }));
}

describe('the sources', () => {
  const sources = readSources();

  test('are found', () => expect(sources.length).toBeGreaterThan(20));
  test('import only what their room allows', () => expect(importViolations(sources, ROOMS)).toEqual([]));
  test('leave each driver to its own folder', () => expect(driverViolations(sources)).toEqual([]));
  test('keep the rules of form', () => expect(formViolations(sources)).toEqual([]));
});

describe('imports are found', () => {
  test.each([
    ["import { a } from './a.ts';", 'value', './a.ts'],
    ["import {\n  a,\n  b as c,\n} from './a.ts';", 'value', './a.ts'],
    ["import a from 'a';", 'value', 'a'],
    ["import * as a from 'a';", 'value', 'a'],
    ["import 'a';", 'value', 'a'],
    ["import { type A } from './a.ts';", 'value', './a.ts'],
    ["export * from './a.ts';", 'value', './a.ts'],
    ["export { a } from './a.ts';", 'value', './a.ts'],
    ["import type { A } from './a.ts';", 'type', './a.ts'],
    ["import type A from 'a';", 'type', 'a'],
    ["export type { A } from './a.ts';", 'type', './a.ts'],
    ["const a = await import('./a.ts');", 'lazy', './a.ts'],
    ["  a: async () => (await import('./a.ts')).a,", 'lazy', './a.ts'],
    ["type A = import('./a.ts').A;", 'type', './a.ts'],
    ["type A = typeof import('./a.ts');", 'type', './a.ts'],
  ])('%s', (text, kind, specifier) => {
    expect(parseImports(`const before = 1;\n${text}\n`)).toEqual([{ kind, specifier }]);
  });

  test.each([
    "// import { a } from './a.ts';",
    " * import('./a.ts')",
    "const a = 'import from b';",
    'export const a = 1;',
  ])('but not in %s', (text) => expect(parseImports(text)).toEqual([]));
});

describe('a violation is named', () => {
  test.each([
    ['model/a.ts', "import { x } from '../engine/x.ts';", 'imports engine/x (value)'],
    ['model/a.ts', "import type { X } from '../engine/x.ts';", 'imports engine/x (type)'],
    ['model/a.ts', "import { join } from 'node:path';", 'imports the builtin node:path'],
    ['engine/a.ts', "import pg from 'pg';", 'imports the package pg'],
    ['engine/a.ts', "import { x } from '../databases/sqlite/x.ts';", 'imports databases/sqlite/x (value)'],
    [
      'databases/sqlite/a.ts',
      "import { x } from '../postgresql/x.ts';",
      'imports databases/postgresql/x (value)',
    ],
    ['databases/sqlite/a.ts', "import { x } from '../index.ts';", 'imports databases/index (value)'],
    ['databases/index.ts', "import { x } from './sqlite/x.ts';", 'imports databases/sqlite/x (value)'],
    ['hubs/nats/a.ts', "import pg from 'pg';", 'imports the package pg'],
    ['catalog/a.ts', "import type { X } from '../engine/x.ts';", 'imports engine/x (type)'],
    ['workflows/a.ts', "import { x } from '../activities/x.ts';", 'imports activities/x (value)'],
    ['workflows/a.ts', "import { hash } from 'node:crypto';", 'imports the builtin node:crypto'],
    ['workflows/a.ts', "import { x } from '@temporalio/client';", 'imports the package @temporalio/client'],
    ['activities/a.ts', "import { x } from '../catalog/x.ts';", 'imports catalog/x (value)'],
    ['workers/a.ts', "import { x } from '../cli/x.ts';", 'imports cli/x (value)'],
    ['cli/a.ts', "import { main } from '../workers/main.ts';", 'imports workers/main (value)'],
    ['cli/a.ts', "import { x } from '../workflows/index.ts';", 'imports workflows/index (value)'],
    ['cli/a.ts', "import { x } from './b';", 'imports ./b without its ending .ts'],
    ['other/a.ts', "import 'a';", 'lies in no room of the table'],
  ])('%s: %s', (path, text, violation) => {
    expect(importViolations([{ path, text }], ROOMS)).toEqual([`${path} ${violation}`]);
  });

  test.each([
    ['workflows/a.ts', "import type { X } from '../activities/x.ts';"],
    ['cli/a.ts', "const { main } = await import('../workers/main.ts');"],
    ['databases/index.ts', "const load = () => import('./sqlite/dialect.ts');"],
    ['databases/sqlite/a.ts', "import { x } from './b.ts';"],
  ])('and none where it is allowed, %s: %s', (path, text) => {
    expect(importViolations([{ path, text }], ROOMS)).toEqual([]);
  });

  test('for a driver in the wrong folder', () => {
    const file = { path: 'databases/sqlite/a.ts', text: "import pg from 'pg';" };
    expect(driverViolations([file])).toEqual(['databases/sqlite/a.ts imports the driver pg']);
  });

  test.each([
    ['model/a.ts', 'x\n'.repeat(MAX_LINES + 1), 'model/a.ts has 401 lines, more than 400'],
    ['model/aB.ts', '', 'model/aB.ts is not kebab-case'],
    ['model/a_b.ts', '', 'model/a_b.ts is not kebab-case'],
    ['model/a.ts', 'export default 1;', 'model/a.ts has a default export'],
    ['model/a.ts', 'export { a as default };', 'model/a.ts has a default export'],
  ])('for the form of %s', (path, text, violation) => {
    expect(formViolations([{ path, text }])).toEqual([violation]);
  });
});
