import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskText, maskUrl } from '../../src/catalog/mask.ts';

describe('maskUrl', () => {
  test.each([
    ['postgres://app:secret@db1:5432/shop', 'postgres://app:***@db1:5432/shop'],
    ['postgres://app@db1/shop', 'postgres://app@db1/shop'],
    ['postgres://app:p@ss/w?rd@db1/shop', 'postgres://app:***@db1/shop'],
    [
      'postgres://db1/shop?user=a&password=b&sslmode=require',
      'postgres://db1/shop?user=a&password=***&sslmode=require',
    ],
    ['nats://token@hub:4222', 'nats://***@hub:4222'],
    ['nats://u:p@hub:4222', 'nats://u:***@hub:4222'],
    ['sqlite:/var/lib/shop.db', 'sqlite:/var/lib/shop.db'],
    ['no url', 'no url'],
  ])('%s', (url, masked) => {
    expect(maskUrl(url)).toBe(masked);
  });

  test('shows no password, whatever is in it', () => {
    const password = fc.string({ minLength: 8 }).filter((text) => !/[\n\r]/.test(text));
    fc.assert(
      fc.property(password, (text) => {
        expect(maskUrl(`postgres://app:${text}@db1:5432/shop`)).toBe('postgres://app:***@db1:5432/shop');
      }),
    );
  });
});

describe('maskText', () => {
  test('hides known secrets as they are and encoded, and passwords of any URL', () => {
    const text = 'cannot open "postgres://a:b@h/d"; tried p@ss and p%40ss';
    expect(maskText(text, ['p@ss'])).toBe('cannot open "postgres://a:***@h/d"; tried *** and ***');
  });

  test('hides a secret that contains another one', () => {
    expect(maskText('secretsecret2', ['secret', 'secretsecret2'])).toBe('***');
  });
});
