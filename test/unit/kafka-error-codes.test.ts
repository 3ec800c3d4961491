import { describe, expect, test } from 'vitest';
import { classify, hubError } from '../../src/hubs/kafka/error-codes.ts';
import { protocolError } from '../../src/hubs/kafka/wire/driver.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';

const named = (name: string, more: object = {}): Error =>
  Object.assign(new Error('text of the vendor'), { name, ...more });

describe('errors of Kafka', () => {
  test.each([
    [protocolError(3), 'hub.stream_lost'],
    [protocolError(100), 'hub.stream_lost'],
    [protocolError(10), 'hub.message_too_large'],
    [protocolError(56), 'hub.full'],
    [protocolError(29), 'hub.authentication_failed'],
    [protocolError(58), 'hub.authentication_failed'],
    [protocolError(44), 'hub.settings_differ'],
    [protocolError(6), 'hub.transient'],
    [protocolError(19), 'hub.transient'],
    [protocolError(35), 'hub.version_unsupported'],
    [named('KafkaJSSASLAuthenticationError'), 'hub.authentication_failed'],
    [named('KafkaJSConnectionError', { code: 'ECONNREFUSED' }), 'hub.unreachable'],
    [named('KafkaJSRequestTimeoutError'), 'hub.unreachable'],
    [named('KafkaJSAggregateError', { errors: [protocolError(44)] }), 'hub.settings_differ'],
    [Object.assign(new Error('x'), { code: 'ENOTFOUND' }), 'hub.unreachable'],
    [Object.assign(new Error('x'), { code: 'ENOENT', path: '/ca.pem' }), 'hub.authentication_failed'],
    [new TypeError('x'), 'internal'],
    [new SluiceError('hub.full', 'x'), 'hub.full'],
    ['a string', 'internal'],
    [undefined, 'internal'],
  ])('%o is classified by code', (error, code) => {
    expect(classify(error)).toBe(code);
  });

  test('the text of the vendor stays in the cause', () => {
    const error = hubError(protocolError(44), 'sluice.x.1');
    expect(error.message).toBe('Kafka refuses the settings of the topic (sluice.x.1)');
    expect(error.details).toEqual({ where: 'sluice.x.1', vendorCode: 'POLICY_VIOLATION' });
  });
});
