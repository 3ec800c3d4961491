import { describe, expect, test } from 'vitest';
import { connectDescriptor, maskUrl, parseUrl } from '../../src/databases/oracle/config.ts';
import { classify, toSluiceError, vendorCode } from '../../src/databases/oracle/error-codes.ts';
import { refuseOld } from '../../src/databases/oracle/connections/pins.ts';
import { lockNumber } from '../../src/databases/oracle/connections/pool.ts';

describe('a URL of Oracle', () => {
  test('names host, port, service, user and password', () => {
    expect(parseUrl('oracle://app:s%40me@db1:1522/shop.example?tls=disable', {})).toEqual({
      host: 'db1',
      port: 1522,
      service: 'shop.example',
      user: 'app',
      password: 's@me',
      tls: false,
      wallet: null,
      emptyText: 'null',
    });
    expect(parseUrl('oracle://app@[::1]/FREEPDB1', { password: 'x' })).toMatchObject({
      host: '::1',
      port: 1521,
      password: 'x',
      tls: false,
    });
  });

  test('is encrypted and checked by name unless the server is this machine', () => {
    expect(connectDescriptor(parseUrl('oracle://app@db1/shop', {}))).toBe(
      '(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=db1)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=shop))(SECURITY=(SSL_SERVER_DN_MATCH=ON)))',
    );
    expect(connectDescriptor(parseUrl('oracle://app@127.0.0.1/shop', {}))).toBe(
      '(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=shop)))',
    );
    expect(parseUrl('oracle://app@db1/shop?tls=disable', { tls: 'verify-full' }).tls).toBe(true);
  });

  test.each([
    'mysql://app@db1/shop',
    'oracle://db1/shop',
    'oracle://app@db1',
    'oracle://app:secret@db1/shop?tls=require',
    'oracle://app:secret@db1/shop?wallet=/tmp/x',
    'oracle://app:secret@db1/shop)(SERVER=pooled',
    'oracle://app:secret@db1/shop%20(x',
    'no url with secret',
  ])('is refused: %s', (url) => {
    const refuse = () => parseUrl(url, {});
    expect(refuse).toThrow(expect.objectContaining({ code: 'connection.invalid_url' }));
    expect(refuse).not.toThrow(/secret/);
  });

  test('shows no password', () => {
    expect(maskUrl('oracle://app:secret@db1/shop?x=secret')).toBe('oracle://app:***@db1/shop?x=***');
    expect(maskUrl('no url, secret')).toBe('oracle://***');
  });

  test('a wallet that cannot be read is named, its password is not', () => {
    const refuse = () =>
      parseUrl('oracle://a@b/c', { walletFile: '/nowhere/ewallet.pem', walletPassword: 'pw1' });
    expect(refuse).toThrow(/nowhere/);
    expect(refuse).not.toThrow(/pw1/);
  });
});

describe('errors of Oracle', () => {
  test.each([
    ['ORA-01017', 'database.authentication_failed'],
    ['ORA-00942', 'source.table_not_found'],
    ['ORA-01031', 'database.permission_denied'],
    ['ORA-12514', 'database.not_found'],
    ['ORA-01555', 'database.transient'],
    ['ORA-00060', 'database.transient'],
    ['ORA-01653', 'database.disk_full'],
    ['ORA-00001', 'target.constraint_violated'],
    ['ORA-12899', 'target.value_rejected'],
    ['ORA-99999', 'database.internal'],
    ['NJS-503', 'database.unreachable'],
    ['NJS-506', 'database.authentication_failed'],
    ['NJS-138', 'database.version_unsupported'],
    ['NJS-999', 'database.internal'],
    ['ECONNRESET', 'database.unreachable'],
  ] as const)('%s is %s', (code, expected) => {
    expect(classify({ code })).toBe(expected);
  });

  test('a number without a code is one, and whatever else is total', () => {
    expect(vendorCode({ errorNum: 942 })).toBe('ORA-00942');
    for (const odd of [null, undefined, 'x', 1, new Error('x'), {}])
      expect(classify(odd)).toBe('database.unreachable');
  });

  test('mean other things at the source, in a snapshot, at the target and in the ledger', () => {
    const codeOf = (code: string, side: 'source' | 'snapshot' | 'target' | 'ledger') =>
      toSluiceError({ code }, { side }).code;
    expect(codeOf('ORA-01555', 'source')).toBe('database.transient');
    expect(codeOf('ORA-01555', 'snapshot')).toBe('source.snapshot_lost');
    expect(codeOf('ORA-00904', 'source')).toBe('source.changed_structure');
    expect(codeOf('ORA-00942', 'target')).toBe('target.table_missing');
    expect(codeOf('ORA-00942', 'ledger')).toBe('target.ledger_damaged');
  });

  test('keep names and numbers, never what a message quotes', () => {
    const driver = Object.assign(
      new Error(
        'ORA-00001: unique constraint (SHOP.PK) violated on table SHOP.ORDERS columns (ID)\nORA-03301: row with column values (ID:4711 secret) in "SHOP"."ORDERS"."NOTE"',
      ),
      { code: 'ORA-00001' },
    );
    const known = toSluiceError(driver, { side: 'target', table: 'shop.orders', columns: ['ID', 'NOTE'] });
    expect(known).toMatchObject({
      code: 'target.constraint_violated',
      message: 'the server answered with ORA-00001',
      details: { vendorCode: 'ORA-00001', table: 'shop.orders', column: 'NOTE' },
    });
    expect(JSON.stringify(known) + String(known)).not.toMatch(/4711|secret/);
  });
});

test('versions before 12.2 are refused', () => {
  expect(() => refuseOld('12.2.0.1.0')).not.toThrow();
  expect(() => refuseOld('23.4.0.24.5')).not.toThrow();
  for (const old of ['12.1.0.2.0', '11.2.0.4.0'])
    expect(() => refuseOld(old)).toThrow(expect.objectContaining({ code: 'database.version_unsupported' }));
});

test('locks are numbers that DBMS_LOCK takes, the same for the same name', () => {
  const numbers = ['a', 'b', 'table x'].map(lockNumber);
  expect(new Set(numbers).size).toBe(3);
  expect(lockNumber('a')).toBe(numbers[0]);
  for (const number of numbers) expect(number >= 0 && number <= 1_073_741_823).toBe(true);
});
