import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { renderSchema } from '../../src/catalog/render-schema.ts';
import { allSettings } from '../../src/cli/connection/all-settings.ts';

const committed = readFileSync(new URL('../../schema/sluice.schema.json', import.meta.url), 'utf8');

describe('schema/sluice.schema.json', () => {
  test('is what the code says; otherwise run: npm run schema', async () => {
    expect(committed).toBe(renderSchema(await allSettings()));
  });

  test('takes a good configuration and refuses an unknown key anywhere', () => {
    const valid = new Ajv({ strict: false }).compile(JSON.parse(committed) as object);
    const orders = { source: 'a', hub: 'h', target: 'b', tables: { 'public.*': {}, x: false } };
    const good = {
      version: 1,
      connections: {
        a: { url: 'postgres://u@h/d', password: { file: '/run/secrets/a' }, sslMode: 'require' },
        b: { url: { env: 'B_URL' } },
        h: { url: 'nats://h' },
      },
      transfers: { orders },
    };
    expect(valid(good) || valid.errors).toBe(true);
    expect(valid({ ...good, extra: 1 })).toBe(false);
    expect(
      valid({ ...good, connections: { ...good.connections, a: { url: 'x', sslmode: 'require' } } }),
    ).toBe(false);
    expect(valid({ ...good, transfers: { orders: { ...orders, wite: {} } } })).toBe(false);
    expect(valid({ ...good, transfers: { 'a b': orders } })).toBe(false);
  });
});
