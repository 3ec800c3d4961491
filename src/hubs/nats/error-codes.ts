import { NatsError } from 'nats';
import { isCertificateCode } from '../../engine/hub/tls.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';

/** err_code of the JetStream API (server/errors.json of nats-server) as far as we meet it. */
export const API = {
  resourcesExceeded: 10002,
  notAvailable: 10008,
  consumerNotFound: 10014,
  insufficientResources: 10023,
  memoryExceeded: 10028,
  notEnabledForAccount: 10039,
  storageExceeded: 10047,
  messageTooLarge: 10054,
  nameInUse: 10058,
  streamNotFound: 10059,
  otherStream: 10060,
  subjectsOverlap: 10065,
  noReplicas: 10074,
  notEnabled: 10076,
  storeFailed: 10077,
  headerTooLarge: 10097,
  maxBytesRequired: 10113,
  streamBytesExceeded: 10122,
} as const;

const BY_API: Readonly<Record<number, ErrorCode>> = {
  [API.resourcesExceeded]: 'hub.full',
  [API.insufficientResources]: 'hub.full',
  [API.memoryExceeded]: 'hub.full',
  [API.storageExceeded]: 'hub.full',
  [API.storeFailed]: 'hub.full', // max_bytes reached, or the disk refuses
  [API.streamBytesExceeded]: 'hub.full',
  10026: 'hub.full', // most consumers
  10027: 'hub.full', // most streams
  [API.consumerNotFound]: 'hub.stream_lost',
  [API.streamNotFound]: 'hub.stream_lost',
  [API.otherStream]: 'hub.stream_lost',
  [API.notEnabledForAccount]: 'hub.jetstream_disabled',
  [API.notEnabled]: 'hub.jetstream_disabled',
  10120: 'hub.jetstream_disabled', // no limits for this account
  [API.messageTooLarge]: 'hub.message_too_large',
  [API.headerTooLarge]: 'hub.message_too_large',
  [API.nameInUse]: 'hub.settings_differ',
  [API.subjectsOverlap]: 'hub.settings_differ',
  [API.noReplicas]: 'hub.settings_differ',
  [API.maxBytesRequired]: 'hub.settings_differ',
  10052: 'hub.settings_differ', // configuration refused
};

const BY_CLIENT: Readonly<Record<string, ErrorCode>> = {
  AUTHORIZATION_VIOLATION: 'hub.authentication_failed',
  AUTHENTICATION_EXPIRED: 'hub.authentication_failed',
  AUTHENTICATION_TIMEOUT: 'hub.authentication_failed',
  ACCOUNT_EXPIRED: 'hub.authentication_failed',
  BAD_AUTHENTICATION: 'hub.authentication_failed',
  BAD_CREDS: 'hub.authentication_failed',
  PERMISSIONS_VIOLATION: 'hub.authentication_failed',
  ENOENT: 'hub.authentication_failed', // the file of credentials or certificates
  EACCES: 'hub.authentication_failed',
  MAX_PAYLOAD_EXCEEDED: 'hub.message_too_large',
};

/** Codes of the driver that say that something of ours is wrong, not that the server is away. */
const OURS = new Set([
  'INVALID_OPTION',
  'BAD_SUBJECT',
  'BAD_HEADER',
  'BAD_PAYLOAD',
  'INVALID_PAYLOAD',
  'NOT_FUNC',
]);

/** The err_code of the JetStream API, or null. */
export const apiCode = (error: unknown): number | null =>
  error instanceof NatsError ? (error.api_error?.err_code ?? null) : null;

const codeOf = (error: unknown): string | null => {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
};

/** The vendor's code as details show it. */
export const vendorCode = (error: unknown): string | null => apiCode(error)?.toString() ?? codeOf(error);

/** Total: by err_code, driver code or errno. Only a programming error is `internal`; the rest means that the hub is away. */
export function classify(error: unknown): ErrorCode {
  if (isSluiceError(error)) return error.code;
  const api = apiCode(error);
  if (api !== null)
    return (
      BY_API[api] ??
      (error instanceof NatsError && error.api_error?.code === 503 ? 'hub.unreachable' : 'internal')
    );
  const code = codeOf(error);
  if (code === null || OURS.has(code)) return 'internal';
  if (isCertificateCode(code)) return 'hub.authentication_failed';
  return BY_CLIENT[code] ?? 'hub.unreachable';
}

const SAID: Partial<Record<ErrorCode, string>> = {
  'hub.unreachable': 'NATS does not answer',
  'hub.authentication_failed': 'NATS refuses the credentials, or what they may do',
  'hub.jetstream_disabled': 'NATS answers, but JetStream is not enabled for this account',
  'hub.full': 'NATS has no room left',
  'hub.stream_lost': 'the stream of the run is not there',
  'hub.settings_differ': 'NATS refuses the settings of the stream',
  'hub.message_too_large': 'the message is larger than NATS takes',
};

/** The error of ours for an error of the driver. Its message is our own: a vendor's text may name what it should not. */
export function hubError(error: unknown, where: string): SluiceError {
  if (isSluiceError(error)) return error;
  const code = classify(error);
  const vendor = vendorCode(error);
  const said =
    vendor === '503'
      ? 'JetStream does not answer: not up yet, or switched off by a full disk'
      : vendor !== null && isCertificateCode(vendor)
        ? 'the certificate of NATS is not accepted: another authority, another name, or out of date'
        : SAID[code];
  return new SluiceError(code, `${said ?? 'NATS failed'} (${where})`, {
    where,
    cause: error,
    ...(vendor === null ? {} : { vendorCode: vendor }),
  });
}
