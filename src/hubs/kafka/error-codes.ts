import { isCertificateCode } from '../../engine/hub/tls.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';

/** `type` of the driver's protocol errors, which are Kafka's own names. */
const BY_TYPE: Readonly<Record<string, ErrorCode>> = {
  NOT_ENOUGH_REPLICAS: 'hub.transient',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'hub.transient',
  LEADER_NOT_AVAILABLE: 'hub.transient',
  NOT_LEADER_FOR_PARTITION: 'hub.transient', // older name of NOT_LEADER_OR_FOLLOWER
  REPLICA_NOT_AVAILABLE: 'hub.transient',
  FENCED_LEADER_EPOCH: 'hub.transient',
  UNKNOWN_LEADER_EPOCH: 'hub.transient',
  OFFSET_NOT_AVAILABLE: 'hub.transient',
  NOT_CONTROLLER: 'hub.transient',
  NOT_COORDINATOR_FOR_GROUP: 'hub.transient',
  GROUP_COORDINATOR_NOT_AVAILABLE: 'hub.transient',
  GROUP_LOAD_IN_PROGRESS: 'hub.transient',
  REQUEST_TIMED_OUT: 'hub.transient', // the followers of a leader that answers
  UNKNOWN_TOPIC_OR_PARTITION: 'hub.stream_lost',
  UNKNOWN_TOPIC_ID: 'hub.stream_lost',
  INCONSISTENT_TOPIC_ID: 'hub.stream_lost',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'hub.stream_lost', // what was confirmed before is not there
  UNKNOWN_PRODUCER_ID: 'hub.stream_lost',
  INVALID_PRODUCER_EPOCH: 'hub.stream_lost',
  OFFSET_OUT_OF_RANGE: 'hub.stream_lost',
  MESSAGE_TOO_LARGE: 'hub.message_too_large',
  RECORD_LIST_TOO_LARGE: 'hub.message_too_large',
  KAFKA_STORAGE_ERROR: 'hub.full',
  TOPIC_AUTHORIZATION_FAILED: 'hub.authentication_failed',
  GROUP_AUTHORIZATION_FAILED: 'hub.authentication_failed',
  CLUSTER_AUTHORIZATION_FAILED: 'hub.authentication_failed',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'hub.authentication_failed',
  SASL_AUTHENTICATION_FAILED: 'hub.authentication_failed',
  UNSUPPORTED_SASL_MECHANISM: 'hub.authentication_failed',
  ILLEGAL_SASL_STATE: 'hub.authentication_failed',
  SECURITY_DISABLED: 'hub.authentication_failed',
  POLICY_VIOLATION: 'hub.settings_differ',
  INVALID_CONFIG: 'hub.settings_differ',
  INVALID_PARTITIONS: 'hub.settings_differ',
  INVALID_TOPIC_EXCEPTION: 'hub.settings_differ',
  TOPIC_ALREADY_EXISTS: 'hub.settings_differ',
  INVALID_SESSION_TIMEOUT: 'hub.settings_differ',
  INCONSISTENT_GROUP_PROTOCOL: 'hub.settings_differ',
  UNSUPPORTED_VERSION: 'hub.version_unsupported',
  INVALID_REQUEST: 'internal',
  CORRUPT_MESSAGE: 'internal',
};

const BY_NAME: Readonly<Record<string, ErrorCode>> = {
  KafkaJSSASLAuthenticationError: 'hub.authentication_failed',
  KafkaJSServerDoesNotSupportApiKey: 'hub.version_unsupported',
  KafkaJSInvariantViolation: 'internal',
};

/** Files of certificates and keys that cannot be read. */
const BY_ERRNO: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'hub.authentication_failed',
  EACCES: 'hub.authentication_failed',
};

const textOf = (error: unknown, key: 'type' | 'code' | 'name'): string | null => {
  const value: unknown = error instanceof Error && key in error ? (error as never)[key] : null;
  return typeof value === 'string' ? value : null;
};

/** Errors of several topics or partitions come in a bag. */
function firstOf(error: unknown): unknown {
  const bag = error as {
    readonly errors?: readonly unknown[];
    readonly partitions?: readonly { error: unknown }[];
  };
  if (!(error instanceof Error)) return error;
  return bag.errors?.[0] ?? bag.partitions?.[0]?.error ?? error;
}

/** Kafka's name of an error, or null where it is none of the protocol's. */
export const typeOf = (error: unknown): string | null => textOf(firstOf(error), 'type');

/** The vendor's code as details show it. */
export function vendorCode(error: unknown): string | null {
  const first = firstOf(error);
  const name = textOf(first, 'name');
  const isDriver = name?.startsWith('KafkaJS') === true;
  return textOf(first, 'type') ?? textOf(first, 'code') ?? (isDriver ? name : null);
}

/** Total: by the protocol's name of an error, the driver's class or errno. What no rule knows means that the hub is away. */
export function classify(error: unknown): ErrorCode {
  if (isSluiceError(error)) return error.code;
  const first = firstOf(error);
  const code = vendorCode(first);
  if (code === null) return 'internal';
  if (isCertificateCode(code)) return 'hub.authentication_failed';
  return BY_TYPE[code] ?? BY_NAME[textOf(first, 'name') ?? ''] ?? BY_ERRNO[code] ?? 'hub.unreachable';
}

/** Passes by itself: the cluster is away, or in the middle of something. */
export const isPassing = (error: unknown): boolean =>
  ['hub.unreachable', 'hub.transient'].includes(classify(error));

const SAID: Partial<Record<ErrorCode, string>> = {
  'hub.transient': 'Kafka has too few copies in sync, or changes a leader',
  'hub.unreachable': 'Kafka does not answer',
  'hub.authentication_failed': 'Kafka refuses the credentials, or what they may do',
  'hub.full': 'Kafka has no room left, or its disk fails',
  'hub.stream_lost': 'the topic of the run is not there, or lacks what it had',
  'hub.settings_differ': 'Kafka refuses the settings of the topic',
  'hub.message_too_large': 'the message is larger than the topic takes',
  'hub.version_unsupported': 'the broker is older than Kafka 3.1',
};

/** The error of ours for an error of the driver. Its message is our own: a vendor's text may name what it should not. */
export function hubError(error: unknown, where: string): SluiceError {
  if (isSluiceError(error)) return error;
  const code = classify(error);
  const vendor = vendorCode(error);
  const said =
    vendor !== null && isCertificateCode(vendor)
      ? 'the certificate of the broker is not accepted: another authority, another name, or out of date'
      : SAID[code];
  return new SluiceError(code, `${said ?? 'Kafka failed'} (${where})`, {
    where,
    cause: error,
    ...(vendor === null ? {} : { vendorCode: vendor }),
  });
}
