import { describe, expect, test } from 'vitest';
import { kafka } from '../../src/hubs/kafka/hub.ts';
import { namesOf } from '../../src/hubs/kafka/names.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';

describe('the URL of a Kafka connection', () => {
  test.each([
    ['kafka://one', { servers: ['one:9092'], encrypted: false, user: null, password: null }],
    ['kafka://one:80', { servers: ['one:80'] }],
    ['kafkas://u:p%40ss@one:9093', { servers: ['one:9093'], encrypted: true, user: 'u', password: 'p@ss' }],
    ['kafka://u:p@one:9092,two,three:9300', { servers: ['one:9092', 'two:9092', 'three:9300'], user: 'u' }],
    ['kafka://[::1]:9094', { servers: ['[::1]:9094'] }],
  ])('%s', (url, expected) => {
    expect(kafka.parseUrl(url, {})).toMatchObject(expected);
  });

  test('settings stand before what the URL says', () => {
    expect(kafka.parseUrl('kafka://someone:old@one', { password: 'new' })).toMatchObject({
      user: 'someone',
      password: 'new',
      mechanism: 'scram-sha-512',
    });
    expect(
      kafka.parseUrl('kafka://one', { user: 'u', password: 'p', mechanism: 'plain', tls: {} }),
    ).toMatchObject({ encrypted: true, mechanism: 'plain' });
  });

  test.each([
    'http://one',
    'kafka://',
    'kafka://one:port',
    'kafka://one/path',
    'kafka://one,,two',
    'kafka://u:%zz@one',
    'kafka://u@one',
    'one:9092',
  ])('%s is refused without repeating it', (url) => {
    const failure = (() => {
      try {
        return kafka.parseUrl(url, {});
      } catch (error) {
        return error;
      }
    })();
    expect(isSluiceError(failure) && failure.code).toBe('connection.invalid_url');
    expect((failure as Error).message).not.toContain('%zz');
  });

  test('a wrong setting is named, its value is not shown', () => {
    expect(() => kafka.parseUrl('kafka://one', { password: 12_345 })).toThrow(
      /setting password: (?!.*12345)/,
    );
    expect(() => kafka.parseUrl('kafka://one', { unknown: 'x' })).toThrow(/setting unknown/);
  });

  test.each([
    ['kafka://u:secret@one:9092', 'kafka://u:***@one:9092'],
    ['kafkas://secret@one', 'kafkas://***@one'],
    ['kafka://u:secret@one,v:secret@two', 'kafka://u:***@two'],
    ['kafka://u:se@c,r/et@one', 'kafka://u:***@one'],
    ['kafka://one:9092', 'kafka://one:9092'],
    ['u:secret@one', 'u:***@one'],
  ])('the mask of %s shows no secret', (url, masked) => {
    expect(kafka.maskUrl(url)).toBe(masked);
  });
});

test('names of topics hold only what Kafka takes, and differ where transfers do', () => {
  const names = ['a.b', 'a_b', 'a b', 'ä', 'a-b', 'A-B'].map(
    (transfer) => namesOf({ transfer, run: 7 }).dataTopic,
  );
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^sluice\.[A-Za-z0-9_-]+\.7$/);
});
