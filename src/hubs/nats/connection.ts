import {
  type Deferred,
  deferred,
  Events,
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
  NatsError,
  type ServerInfo,
} from 'nats';
import { credentialOptions, type NatsConfig } from './config.ts';
import { hubError } from './error-codes.ts';
import { untilAborted } from '../../engine/waiting.ts';
import { connectWire } from './wire/connect.ts';

/** An answer of the JetStream API takes milliseconds; a busy disk may hold it up. */
export const API_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Two unanswered pings end a connection whose other side vanished without a word: 30 s to 45 s. */
const PING_INTERVAL_MS = 15_000;
/** Code of the error of an answer that the lost connection took away. */
export const LOST = 'DISCONNECT';
const LONGEST_RECONNECT_DELAY_MS = 5_000;

/** A connection that comes back by itself for ever, and says when it is gone. */
export interface Connection {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly connected: boolean;
  /** As the server last said it. */
  readonly info: ServerInfo;
  /** Code of the last error of a connection that is down; null when it is up. */
  readonly trouble: string | null;
  /** Calls at each loss of the connection, until the returned function is called. */
  onDisconnect(listener: () => void): () => void;
  /**
   * Settles as the promise of an answer does; rejects at once when the connection is lost, for then no answer comes, or
   * with the signal's reason.
   */
  answer<T>(promise: Promise<T>, signal: AbortSignal): Promise<T>;
  /** Resolves at once, or when it is back. @throws the signal's reason; SluiceError hub.unreachable once closed */
  whenConnected(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The driver asks before each attempt; the delay grows with the time the server has been away. */
function reconnectDelay(): { readonly back: () => void; readonly next: () => number } {
  let since: number | null = null;
  return {
    back: () => {
      since = null;
    },
    next: () => {
      since ??= Date.now();
      const grown = Math.min(Math.max((Date.now() - since) / 4, 50), LONGEST_RECONNECT_DELAY_MS);
      return Math.round(grown * (0.75 + Math.random() / 2));
    },
  };
}

async function dial(config: NatsConfig, name: string, next: () => number): Promise<NatsConnection> {
  try {
    return await connectWire({
      ...(await credentialOptions(config)),
      servers: [...config.servers],
      name,
      timeout: CONNECT_TIMEOUT_MS,
      pingInterval: PING_INTERVAL_MS,
      maxPingOut: 2,
      maxReconnectAttempts: -1,
      reconnectDelayHandler: next,
      // A changed password must not end the connection for good: it is set right while we wait.
      ignoreAuthErrorAbort: true,
      noAsyncTraces: true,
    });
  } catch (error) {
    throw hubError(error, config.servers.join(', '));
  }
}

/** Up or down, as the driver's status events say. */
function watch(nc: NatsConnection, isBack: () => void) {
  const listeners = new Set<() => void>();
  let connected = true;
  let trouble = LOST;
  let back: Deferred<void> | null = null;
  const goDown = (): void => {
    connected = false;
    trouble = LOST;
    for (const listener of listeners) listener();
  };
  const comeBack = (): void => {
    back?.resolve();
    back = null;
  };
  // The driver never ends this iteration, not even when the connection is closed.
  void (async () => {
    for await (const status of nc.status()) {
      if (status.type === Events.Disconnect) goDown();
      else if (status.type === Events.Error)
        trouble = typeof status.data === 'string' ? status.data : trouble;
      else if (status.type === Events.Reconnect) {
        connected = true;
        isBack();
        comeBack();
      }
    }
  })();
  void (async () => {
    await nc.closed();
    goDown();
    comeBack();
  })();
  const onDisconnect = (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    onDisconnect,
    answer: async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
      let off = (): void => undefined;
      const loss = new Promise<never>((_resolve, reject) => {
        off = onDisconnect(() => reject(new NatsError('connection lost', LOST)));
      });
      try {
        return await untilAborted(Promise.race([promise, loss]), signal);
      } finally {
        off();
      }
    },
    connected: () => connected,
    trouble: () => (connected ? null : trouble),
    whenConnected: async (signal: AbortSignal): Promise<void> => {
      while (!connected) {
        signal.throwIfAborted();
        if (nc.isClosed())
          throw hubError(new NatsError('closed', 'CONNECTION_CLOSED'), 'connection closed by us');
        back ??= deferred<void>();
        await untilAborted(back, signal);
      }
    },
  };
}

/** @throws SluiceError hub.unreachable, hub.authentication_failed */
export async function openConnection(config: NatsConfig, name: string): Promise<Connection> {
  const delays = reconnectDelay();
  const nc = await dial(config, name, delays.next);
  delays.back();
  const state = watch(nc, delays.back);
  let info = nc.info as ServerInfo;
  return {
    nc,
    js: nc.jetstream({ timeout: API_TIMEOUT_MS }),
    jsm: await nc.jetstreamManager({ timeout: API_TIMEOUT_MS, checkAPI: false }),
    get connected() {
      return state.connected();
    },
    get info() {
      info = nc.info ?? info; // the driver forgets it while it reconnects
      return info;
    },
    get trouble() {
      return state.trouble();
    },
    onDisconnect: state.onDisconnect,
    answer: state.answer,
    whenConnected: state.whenConnected,
    close: () => nc.close(),
  };
}
