import { type ApiError, NatsError } from 'nats';
import { describe, expect, test } from 'vitest';
import { classify, hubError } from '../../src/hubs/nats/error-codes.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';

const api = (errCode: number, code = 400): NatsError => {
  const error = new NatsError('text of the vendor', String(code));
  error.api_error = { code, err_code: errCode, description: 'text of the vendor' } satisfies ApiError;
  return error;
};

describe('errors of NATS', () => {
  test.each([
    [api(10_059, 404), 'hub.stream_lost'],
    [api(10_077, 503), 'hub.full'],
    [api(10_047, 500), 'hub.full'],
    [api(10_039, 503), 'hub.jetstream_disabled'],
    [api(10_058), 'hub.settings_differ'],
    [api(10_008, 503), 'hub.unreachable'],
    [api(99_999, 503), 'hub.unreachable'],
    [api(99_999, 400), 'internal'],
    [new NatsError('x', '503'), 'hub.unreachable'],
    [new NatsError('x', 'TIMEOUT'), 'hub.unreachable'],
    [new NatsError('x', 'AUTHORIZATION_VIOLATION'), 'hub.authentication_failed'],
    [new NatsError('x', 'PERMISSIONS_VIOLATION'), 'hub.authentication_failed'],
    [new NatsError('x', 'MAX_PAYLOAD_EXCEEDED'), 'hub.message_too_large'],
    [new NatsError('x', 'BAD_HEADER'), 'internal'],
    [Object.assign(new Error('x'), { code: 'ENOTFOUND' }), 'hub.unreachable'],
    [Object.assign(new Error('x'), { code: 'ENOENT', path: '/creds' }), 'hub.authentication_failed'],
    [new TypeError('x'), 'internal'],
    [new SluiceError('hub.full', 'x'), 'hub.full'],
    ['a string', 'internal'],
    [undefined, 'internal'],
  ])('%o is classified by code', (error, code) => {
    expect(classify(error)).toBe(code);
  });

  test('the text of the vendor stays in the cause', () => {
    const error = hubError(api(10_047, 500), 'SLUICE_x_1');
    expect(error.message).toBe('NATS has no room left (SLUICE_x_1)');
    expect(error.details).toEqual({ where: 'SLUICE_x_1', vendorCode: '10047' });
  });
});
