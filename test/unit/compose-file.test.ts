import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SEARCH_ATTRIBUTES as STARTED_WITH } from '../../scripts/servers/start-temporal.mjs';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/messages.ts';

interface Service {
  readonly image?: string;
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as ComposeFile;
const services = Object.entries(compose.services);

/** ajv-formats is CommonJS: what it exports is a property of what is imported. */
const addFormats = formats.default;

function compileSchema() {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  return ajv.compile(JSON.parse(read('test/support/compose-spec.json')));
}

describe('docker-compose.yml', () => {
  test('is valid by the Compose specification', () => {
    const validate = compileSchema();
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });

  test('and a wrong one is not', () => {
    const validate = compileSchema();
    expect(validate({ services: { nats: { imagee: 'nats' } } })).toBe(false);
  });

  test('brings up Temporal, NATS, PostgreSQL and a worker when nothing else is asked for', () => {
    const always = services.filter(([, service]) => service.profiles === undefined).map(([name]) => name);
    expect(always.toSorted()).toEqual(['nats', 'postgres', 'sluice', 'temporal']);
  });

  test.each(services)('says of %s when it is well', (_, service) => {
    expect(service.healthcheck?.test[0]).toBe('CMD');
  });

  test.each(services)('publishes %s on this machine only', (_, service) => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test.each(services)('has no secret of %s in it', (_, service) => {
    const names = Object.keys(service.environment ?? {});
    expect(names.filter((name) => /PASSWORD|SECRET|TOKEN|KEY/.test(name))).toEqual([]);
  });

  test('declares the volumes that it uses, and no others', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) =>
      volumes.map((volume) => volume.split(':')[0] ?? ''),
    );
    const used = mounted.filter((source) => !source.startsWith('.'));
    expect(used.toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
  });

  test('mentions only variables that .env.example explains', () => {
    const mentioned = [...read('docker-compose.yml').matchAll(/\$\{(?<name>\w+)/g)].map(
      ({ groups }) => groups?.['name'],
    );
    const explained = read('.env.example')
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(mentioned.filter((name) => !explained.includes(name))).toEqual([]);
  });

  test('registers the search attributes that workflows set, as scripts/servers does', () => {
    const wanted = Object.values(SEARCH_ATTRIBUTES);
    expect(STARTED_WITH.toSorted()).toEqual(wanted.toSorted());
    const flags = wanted.map((name) => `--search-attribute=${name}=Keyword`);
    expect(compose.services['temporal']?.command).toEqual(expect.arrayContaining(flags));
  });
});
