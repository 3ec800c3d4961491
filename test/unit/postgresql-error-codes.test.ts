import fc from 'fast-check';
import { expect, test } from 'vitest';
import { classify, toSluiceError } from '../../src/databases/postgresql/error-codes.ts';
import { isErrorCode } from '../../src/model/error-codes.ts';

const failure = (code: string, fields: Record<string, string> = {}): Error =>
  Object.assign(new Error('secret value'), { code, ...fields });

test('everything that can be thrown becomes a code', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.anything(),
        fc.stringMatching(/^[0-9A-Z]{5}$/).map((code) => failure(code)),
      ),
      (thrown) => {
        expect(isErrorCode(classify(thrown))).toBe(true);
        for (const side of ['source', 'target', 'ledger'] as const)
          expect(isErrorCode(toSluiceError(thrown, { side }).code)).toBe(true);
      },
    ),
  );
});

test.each([
  ['08006', 'database.unreachable'],
  ['28P01', 'database.authentication_failed'],
  ['3D000', 'database.not_found'],
  ['42501', 'database.permission_denied'],
  ['53100', 'database.disk_full'],
  ['53300', 'database.overloaded'],
  ['40P01', 'database.transient'],
  ['40001', 'database.transient'],
  ['55P03', 'database.transient'],
  ['57P01', 'database.unreachable'],
  ['22003', 'target.value_rejected'],
  ['23505', 'target.constraint_violated'],
  ['72000', 'source.snapshot_lost'],
  ['XX000', 'database.internal'],
  ['ECONNREFUSED', 'database.unreachable'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'database.authentication_failed'],
])('%s is %s', (code, expected) => {
  expect(classify(failure(code))).toBe(expected);
});

test.each([
  ['42P01', 'source', 'source.table_not_found'],
  ['42P01', 'target', 'target.table_missing'],
  ['42P01', 'ledger', 'target.ledger_damaged'],
  ['42703', 'source', 'source.changed_structure'],
  ['42703', 'target', 'target.structure_differs'],
  ['22012', 'source', 'config.invalid'],
] as const)('%s at the %s is %s', (code, side, expected) => {
  expect(toSluiceError(failure(code), { side }).code).toBe(expected);
});

test('errors about values carry names and never the values', () => {
  const thrown = failure('22P02', {
    detail: 'secret',
    where: 'COPY orders, line 3, column note: "secret"',
    table: 'orders',
  });
  const error = toSluiceError(thrown, { side: 'target', columns: ['id', 'note'] });
  expect(error.details).toEqual({ vendorCode: '22P02', column: 'note', table: 'orders' });
  expect(`${error.message}${JSON.stringify(error)}`).not.toContain('secret');
  expect(error.cause).toBeUndefined();
});
