import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { ISocketFactory, Logger, SASLOptions } from 'kafkajs';
import type { ConnectionOptions } from 'node:tls';
import type { Broker } from './cluster.ts';
import type { DriverRequest } from './requests.ts';

/**
 * The parts of kafkajs below its consumer and producer: connections with TLS and SASL, and the requests that need no
 * speed. They are not of its documented surface; its version is pinned in package.json for that.
 */

export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  readonly ssl: ConnectionOptions | null;
  readonly sasl: SASLOptions | null;
  readonly clientId: string;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  readonly socketFactory: ISocketFactory;
  readonly logger: Logger;
}

/** One request that waits for its answer. */
interface PushedRequest {
  readonly entry: {
    readonly apiKey: number;
    readonly apiName: string;
    readonly apiVersion: number;
    readonly correlationId: number;
    resolve(answer: { readonly payload: Buffer }): void;
    reject(error: Error): void;
  };
  readonly expectResponse: boolean;
  readonly requestTimeout: number;
  sendRequest(): void;
}

/** A connection of the driver, as far as ours changes it. */
export interface DriverConnection {
  readonly clientId: string;
  readonly ssl: ConnectionOptions | null;
  readonly requestQueue: {
    /** What a broker's quota holds back. */
    readonly pending: readonly unknown[];
    readonly throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    scheduleCheckPendingRequests: () => void;
    checkPendingRequests(): void;
    push(request: PushedRequest): void;
    fulfillRequest(answer: { size: number; correlationId: number; payload: Buffer }): void;
  };
  /** Set while an answer belongs to a log-in of the old kind. */
  authHandlers: unknown;
  socket: Socket | undefined;
  isConnected(): boolean;
  isAuthenticated(): boolean;
  authenticate(): Promise<void>;
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  failIfNotConnected(): void;
  nextCorrelationId(): number;
  processData(chunk: Buffer): void;
  rejectRequests(error: Error): void;
}

export interface DriverPool {
  pool: DriverConnection[];
  send<T>(request: DriverRequest<T>): Promise<T>;
  getConnection(index?: number): Promise<DriverConnection>;
  getConnectionByRequest(request: { request: { apiKey: number } }): Promise<DriverConnection>;
  destroy(): Promise<unknown>;
}

export interface TopicPartitions<P> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

export interface JoinRequest {
  readonly groupId: string;
  readonly sessionTimeout: number;
  readonly rebalanceTimeout: number;
  readonly memberId: string;
  readonly protocolType: string;
  readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
}

export interface JoinedGroup {
  readonly generationId: number;
  readonly leaderId: string;
  readonly memberId: string;
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
}

/** Whose transaction a request belongs to. */
export interface InTransaction {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** A broker of the driver: its requests by name. */
export interface DriverBroker {
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>;
  isConnected(): boolean;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  createTopics(request: {
    readonly topics: readonly {
      readonly topic: string;
      readonly numPartitions: number;
      readonly replicationFactor: number;
      readonly configEntries: readonly { readonly name: string; readonly value: string }[];
    }[];
    readonly timeout: number;
  }): Promise<unknown>;
  deleteTopics(request: { readonly topics: readonly string[]; readonly timeout: number }): Promise<unknown>;
  deleteGroups(groupIds: readonly string[]): Promise<unknown>;
  deleteRecords(request: {
    readonly topics: readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[];
  }): Promise<unknown>;
  describeConfigs(request: {
    readonly resources: readonly {
      readonly type: number;
      readonly name: string;
      readonly configNames: readonly string[];
    }[];
  }): Promise<{
    readonly resources: readonly {
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[];
    }[];
  }>;
  listOffsets(request: {
    readonly replicaId: number;
    readonly isolationLevel: number;
    readonly topics: readonly TopicPartitions<{ readonly partition: number; readonly timestamp: string }>[];
  }): Promise<{
    readonly responses: readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[];
  }>;
  initProducerId(request: {
    readonly transactionalId: string | null;
    readonly transactionTimeout: number;
  }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>;
  addPartitionsToTxn(
    request: InTransaction & {
      readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
    },
  ): Promise<unknown>;
  addOffsetsToTxn(request: InTransaction & { readonly groupId: string }): Promise<unknown>;
  txnOffsetCommit(
    request: InTransaction & {
      readonly groupId: string;
      readonly topics: readonly TopicPartitions<{
        readonly partition: number;
        readonly offset: string;
        readonly metadata: string;
      }>[];
    },
  ): Promise<unknown>;
  endTxn(request: InTransaction & { readonly transactionResult: boolean }): Promise<unknown>;
  findGroupCoordinator(request: { readonly groupId: string; readonly coordinatorType: number }): Promise<{
    readonly coordinator: { readonly nodeId: number };
  }>;
  joinGroup(request: JoinRequest): Promise<JoinedGroup>;
  lookupRequest(apiKey: number, definitions: unknown): (request: JoinRequest) => DriverRequest<JoinedGroup>;
  syncGroup(request: {
    readonly groupId: string;
    readonly generationId: number;
    readonly memberId: string;
    readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
  }): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
  }): Promise<unknown>;
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
  describeGroups(request: { readonly groupIds: readonly string[] }): Promise<{
    readonly groups: readonly { readonly state: string; readonly members: readonly unknown[] }[];
  }>;
  offsetCommit(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
    readonly topics: readonly TopicPartitions<{
      readonly partition: number;
      readonly offset: string;
      readonly metadata: string;
    }>[];
  }): Promise<unknown>;
  offsetFetch(request: {
    readonly groupId: string;
    readonly topics: readonly TopicPartitions<{ readonly partition: number }>[];
  }): Promise<{
    readonly responses: readonly TopicPartitions<{
      readonly partition: number;
      readonly offset: string;
      readonly metadata: string | null;
    }>[];
  }>;
}

const require = createRequire(import.meta.url);

export const DriverConnection = require('kafkajs/src/network/connection') as new (
  settings: ConnectionSettings,
) => DriverConnection;
export const DriverPool = require('kafkajs/src/network/connectionPool') as new (
  settings: ConnectionSettings,
) => DriverPool;
export const DriverBroker = require('kafkajs/src/broker') as new (settings: {
  readonly connectionPool: DriverPool;
  readonly logger: Logger;
  readonly nodeId: number | null;
  readonly allowAutoTopicCreation: boolean;
  readonly authenticationTimeout: number;
}) => DriverBroker;
const { createLogger } = require('kafkajs/src/loggers') as {
  readonly createLogger: (options: { readonly level: number; logCreator(): () => void }) => Logger;
};
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  readonly createErrorFromCode: (code: number) => Error;
};

const { requests } = require('kafkajs/src/protocol/requests') as {
  readonly requests: { readonly JoinGroup: unknown };
};
const JOIN_GROUP = 11;

/** A name in the group, which brokers give before they let anybody join; the driver's own `joinGroup` keeps it to itself. */
export async function askMemberId(broker: Broker, request: JoinRequest): Promise<string> {
  try {
    const join = broker.driver.lookupRequest(JOIN_GROUP, requests.JoinGroup);
    return (await broker.send(join(request))).memberId;
  } catch (error) {
    const { name, memberId } = error as { readonly name?: unknown; readonly memberId?: unknown };
    if (name === 'KafkaJSMemberIdRequired' && typeof memberId === 'string') return memberId;
    throw error;
  }
}

/** Newer than the driver. */
const NEWER: Readonly<Record<number, string>> = {
  88: 'UNSTABLE_OFFSET_COMMIT',
  89: 'THROTTLING_QUOTA_EXCEEDED',
  90: 'PRODUCER_FENCED',
  100: 'UNKNOWN_TOPIC_ID',
  103: 'INCONSISTENT_TOPIC_ID',
};

/** The driver's error of a code of the protocol, with Kafka's name of it as `type`. */
export function protocolError(code: number): Error {
  const error = createErrorFromCode(code);
  return code in NEWER ? Object.assign(error, { type: NEWER[code] }) : error;
}

/** The driver prints every error that it also throws, and warnings about defaults that are not used here. */
export const silentLogger = createLogger({ level: 0, logCreator: () => () => undefined });
