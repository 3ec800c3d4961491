import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskUrl, parseUrl } from '../../src/databases/postgresql/config.ts';

function refusalOf(url: string): unknown {
  try {
    return parseUrl(url, {});
  } catch (error) {
    return error;
  }
}

describe('a PostgreSQL URL', () => {
  test('gives host, port, user, database and password, decoded', () => {
    expect(parseUrl('postgres://me%40x:p%2Fw@db.example:6000/my%20db', {})).toMatchObject({
      host: 'db.example',
      port: 6000,
      user: 'me@x',
      database: 'my db',
      password: 'p/w',
      role: null,
    });
    expect(parseUrl('postgresql://me@[::1]', {})).toMatchObject({
      host: '::1',
      port: 5432,
      database: 'me',
      password: null,
      ssl: false,
    });
    expect(parseUrl('postgres://me@localhost/x?host=/run/pg', {})).toMatchObject({
      host: '/run/pg',
      ssl: false,
    });
  });

  test.each([
    ['postgres://me@127.0.0.1/x', {}, false],
    ['postgres://me@localhost/x', {}, false],
    ['postgres://me@db.example/x', {}, { rejectUnauthorized: true }],
    ['postgres://me@127.0.0.1/x?sslmode=verify-full', {}, { rejectUnauthorized: true }],
    ['postgres://me@db.example/x?sslmode=require', {}, { rejectUnauthorized: false }],
    ['postgres://me@db.example/x?sslmode=disable', {}, false],
    ['postgres://me@db.example/x?sslmode=disable', { sslMode: 'verify-full' }, { rejectUnauthorized: true }],
  ])(
    'encrypts and checks the server unless it is this machine or says otherwise: %s %o',
    (url, settings, ssl) => {
      expect(parseUrl(url, settings).ssl).toEqual(ssl);
    },
  );

  test('settings win over the URL', () => {
    expect(parseUrl('postgres://me:old@h/x', { password: 'new', role: 'writer' })).toMatchObject({
      password: 'new',
      role: 'writer',
    });
  });

  test.each([
    'mysql://h/x',
    'postgres//',
    'postgres://h/x',
    'postgres://me@h/x?sslmode=prefer',
    'postgres://me@h/x?options=-c%20x',
  ])('that is none is refused: %s', (url) => {
    expect(() => parseUrl(url, {})).toThrow(expect.objectContaining({ code: 'connection.invalid_url' }));
  });

  test('never shows its password, masked or refused', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9]{8,20}$/),
        fc.constantFrom('postgres', 'mysql'),
        (secret, scheme) => {
          const url = `${scheme}://me:${secret}@db.example:5432/x?sslmode=disable`;
          expect(maskUrl(url)).not.toContain(secret);
          expect(maskUrl(`postgres://me@h/x?password=${secret}`)).not.toContain(secret);
          const refusal = refusalOf(`${url}&what=1`);
          expect(`${String(refusal)}${JSON.stringify(refusal)}`).not.toContain(secret);
        },
      ),
    );
  });
});
