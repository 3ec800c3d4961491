import { describe, expect, test } from 'vitest';
import { maskUrl, parseUrl } from '../../src/databases/mysql/config.ts';

describe('a URL of MySQL or MariaDB', () => {
  test('names host, port, user, password and database', () => {
    expect(parseUrl('mysql://app:s%40me@db1:3307/my%20shop?ssl-mode=DISABLED', {})).toMatchObject({
      host: 'db1',
      port: 3307,
      user: 'app',
      password: 's@me',
      database: 'my shop',
      socketPath: null,
      ssl: null,
    });
    expect(parseUrl('mariadb://app@[::1]/shop', {})).toMatchObject({ host: '::1', port: 3306, ssl: null });
    expect(parseUrl('mysql://app@localhost/shop?socket=/run/my.sock', {})).toMatchObject({
      socketPath: '/run/my.sock',
    });
  });

  test('is encrypted and checked unless the server is this machine', () => {
    const checked = { optional: false, checkName: true, options: { rejectUnauthorized: true } };
    expect(parseUrl('mysql://app@db1/shop', {}).ssl).toEqual(checked);
    expect(parseUrl('mysql://app@127.0.0.1/shop', {}).ssl).toBeNull();
    expect(parseUrl('mysql://app@db1/shop?ssl-mode=REQUIRED', { sslMode: 'verify-full' }).ssl).toEqual(
      checked,
    );
  });

  test.each([
    ['REQUIRED', { optional: false, checkName: false, options: { rejectUnauthorized: false } }],
    ['PREFERRED', { optional: true, checkName: false, options: { rejectUnauthorized: false } }],
    ['VERIFY_CA', { optional: false, checkName: false, options: { rejectUnauthorized: true } }],
    ['VERIFY_IDENTITY', { optional: false, checkName: true, options: { rejectUnauthorized: true } }],
  ])('%s is what the clients of the servers mean by it', (mode, expected) => {
    expect(parseUrl(`mysql://app@db1/shop?ssl-mode=${mode}`, {}).ssl).toEqual(expected);
  });

  test.each([
    'postgres://app@db1/shop',
    'mysql://db1/shop',
    'mysql://app@db1',
    'mysql://app:secret@db1/shop?ssl-mode=SOMETIMES',
    'mysql://app:secret@db1/shop?ssl-cert=/only/this.pem',
    'mysql://app:secret@db1/shop?allowLocalInfile=true',
    'mysql://app:secret@db 1/shop',
  ])('that says too little or too much is refused without its password: %s', (url) => {
    const failure = (() => {
      try {
        return parseUrl(url, {});
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toMatchObject({ code: 'connection.invalid_url' });
    expect(JSON.stringify(failure) + String(failure)).not.toContain('secret');
  });

  test('is shown without its password', () => {
    expect(maskUrl('mysql://app:secret@db1/shop')).toBe('mysql://app:***@db1/shop');
    expect(maskUrl('no url: secret')).toBe('mysql://***');
  });
});
