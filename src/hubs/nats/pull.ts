import { createInbox, isHeartbeatMsg, type Msg, type NatsConnection, nanos, type Subscription } from 'nats';

/** The server ends an unserved request after so long; a new one follows. */
const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 5_000;
/** Without a message or a heartbeat for so long the request is dead: the consumer moved or died without a word. */
const SILENT_MS = 2.5 * HEARTBEAT_MS;

/**
 * How a pull request ended.
 * - `served`: all messages came; `expired`: some did not come in time
 * - `limited`: the server closed it with a count of what it left open: the next message is larger than the bytes asked for
 * - `void`: consumer or stream are gone or moved, or the server fell silent
 */
export type PullEnd = 'served' | 'expired' | 'limited' | 'void';

export interface PullRequest {
  readonly stream: string;
  readonly consumer: string;
  readonly messages: number;
  /** Null: one message of any size may come. As the server counts them: subjects, headers and data. */
  readonly bytes: number | null;
}

/** What was asked for and did not come yet. */
export interface Pull {
  readonly messagesLeft: number;
  readonly bytesLeft: number;
  /** Tells the server to stop. Messages on their way still arrive until the promise resolves. */
  stop(): Promise<void>;
  /** For a connection that is down. */
  forget(): void;
}

export interface PullEvents {
  /** Must not throw: that would end the driver's reading. */
  readonly message: (message: Msg) => void;
  /** Called once, unless stopped or forgotten. */
  readonly ended: (end: PullEnd) => void;
}

/**
 * Sends one pull request: the protocol of CONSUMER.MSG.NEXT.
 *
 * The driver's own `fetch` and `consume` bound messages or bytes, not both, and `consume` asks for more before what it
 * gave is handled; a window of ours needs both bounds and no message beyond them (invariant 12).
 *
 * @see https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-13.md
 */
export function startPull(nc: NatsConnection, request: PullRequest, on: PullEvents): Pull {
  const inbox = createInbox();
  let messagesLeft = request.messages;
  let bytesLeft = request.bytes ?? 0;
  let over = false;
  const finish = (end: PullEnd | null): void => {
    if (over) return;
    over = true;
    clearTimeout(silence);
    if (end === null) return;
    subscription.unsubscribe();
    on.ended(end);
  };
  const silence = setTimeout(() => finish('void'), SILENT_MS);
  silence.unref();
  const received = (message: Msg): void => {
    messagesLeft -= 1;
    bytesLeft = Math.max(0, bytesLeft - message.data.length);
    on.message(message);
    if (messagesLeft === 0) finish('served');
  };
  const subscription: Subscription = nc.subscribe(inbox, {
    callback: (error, message) => {
      silence.refresh();
      if (error) finish('void');
      else if (message.subject !== inbox) received(message);
      else if (!isHeartbeatMsg(message)) finish(endOf(message));
    },
  });
  nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${request.stream}.${request.consumer}`, body(request), {
    reply: inbox,
  });
  return {
    get messagesLeft() {
      return messagesLeft;
    },
    get bytesLeft() {
      return bytesLeft;
    },
    stop: () => {
      finish(null);
      return subscription.isClosed() ? Promise.resolve() : subscription.drain().catch(() => undefined);
    },
    forget: () => {
      finish(null);
      subscription.unsubscribe();
    },
  };
}

const body = (request: PullRequest): string =>
  JSON.stringify({
    batch: request.messages,
    ...(request.bytes === null ? {} : { max_bytes: request.bytes }),
    expires: nanos(EXPIRES_MS),
    idle_heartbeat: nanos(HEARTBEAT_MS),
  });

/** By status code; 409 has many meanings, but only an end that leaves the consumer alive says what was left open. */
function endOf(message: Msg): PullEnd {
  if (message.headers?.code === 408) return 'expired';
  return message.headers?.code === 409 && message.headers.has('Nats-Pending-Bytes') ? 'limited' : 'void';
}
