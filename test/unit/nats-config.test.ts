import { describe, expect, test } from 'vitest';
import { nats } from '../../src/hubs/nats/hub.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';

describe('the URL of a NATS connection', () => {
  test.each([
    ['nats://one', { servers: ['one:4222'], encrypted: false, user: null, password: null, token: null }],
    ['nats://one:80', { servers: ['one:80'] }],
    ['tls://u:p%40ss@one:5222', { servers: ['one:5222'], encrypted: true, user: 'u', password: 'p@ss' }],
    ['nats://token@one:4222', { user: null, token: 'token' }],
    [
      'nats://u:p@one:4222,two,nats://three:4300',
      { servers: ['one:4222', 'two:4222', 'three:4300'], user: 'u' },
    ],
    ['nats://[::1]:4333', { servers: ['[::1]:4333'] }],
  ])('%s', (url, expected) => {
    expect(nats.parseUrl(url, {})).toMatchObject(expected);
  });

  test('settings stand before what the URL says', () => {
    const url = 'nats://someone:old@one';
    expect(nats.parseUrl(url, { password: 'new' })).toMatchObject({
      user: 'someone',
      password: 'new',
      token: null,
    });
    expect(nats.parseUrl('nats://someone@one', { password: 'x' })).toMatchObject({
      user: 'someone',
      password: 'x',
      token: null,
    });
    expect(nats.parseUrl('nats://one', { tls: {} })).toMatchObject({ encrypted: true });
    expect(nats.parseUrl('nats://one', {})).toMatchObject({ replicas: 1, ackWaitMs: 10_000 });
  });

  test.each([
    'http://one',
    'nats://',
    'nats://one:port',
    'nats://one/path',
    'nats://one,,two',
    'nats://u:%zz@one',
    'one:4222',
  ])('%s is refused without repeating it', (url) => {
    const failure = (() => {
      try {
        return nats.parseUrl(url, {});
      } catch (error) {
        return error;
      }
    })();
    expect(isSluiceError(failure) && failure.code).toBe('connection.invalid_url');
    expect((failure as Error).message).not.toContain('%zz');
  });

  test('a wrong setting is named, its value is not shown', () => {
    expect(() => nats.parseUrl('nats://one', { password: 12_345 })).toThrow(/setting password: (?!.*12345)/);
    expect(() => nats.parseUrl('nats://one', { unknown: 'x' })).toThrow(/setting unknown/);
  });

  test.each([
    ['nats://u:secret@one:4222', 'nats://u:***@one:4222'],
    ['nats://secret@one', 'nats://***@one'],
    ['nats://u:secret@one,v:secret@two', 'nats://u:***@two'],
    ['nats://u:sec:ret@one', 'nats://u:***@one'],
    ['nats://u:se@cret@one', 'nats://u:***@one'],
    ['nats://u:se,cret@one', 'nats://u:***@one'],
    ['nats://u:se/cret@one', 'nats://u:***@one'],
    ['nats://one:4222', 'nats://one:4222'],
    ['u:secret@one', 'u:***@one'],
  ])('the mask of %s shows no secret', (url, masked) => {
    expect(nats.maskUrl(url)).toBe(masked);
  });
});
