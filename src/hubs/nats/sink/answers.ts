import { createInbox, type Msg, type MsgHdrs, type NatsConnection, NatsError } from 'nats';

/** Longer than a busy disk holds up an answer; a lost connection is told at once, by others. */
const SILENCE_MS = 10_000;
const NO_RESPONDERS = 503;

export interface Outgoing {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs;
}

/**
 * Publishes whose answers come to one subscription. The driver's own makes an error, a timer and several promises of each message, which
 * is most of what a small one costs.
 */
export interface Answers {
  /** Resolves when the stream has it. @throws NatsError as the driver's own publish does; TIMEOUT where nothing at all is answered */
  publish(message: Outgoing): Promise<void>;
  /** No answer is waited for any more. */
  forget(): void;
  close(): void;
}

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

interface Answer {
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string };
}

/** Null: it is stored. */
function errorOf(message: Msg): NatsError | null {
  if (message.headers?.code === NO_RESPONDERS) return new NatsError('no responders', String(NO_RESPONDERS));
  const { error } = message.json<Answer>();
  if (!error) return null;
  const failure = new NatsError(error.description, String(error.code));
  failure.api_error = error;
  return failure;
}

export function openAnswers(nc: NatsConnection): Answers {
  const inbox = createInbox();
  const waiting = new Map<string, Waiting>();
  let number = 0;
  const silence = setTimeout(() => {
    for (const one of waiting.values()) one.reject(new NatsError('no answer', 'TIMEOUT'));
    waiting.clear();
  }, SILENCE_MS).unref();
  const subscription = nc.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      silence.refresh();
      const token = message.subject.slice(inbox.length + 1);
      const one = waiting.get(token);
      if (!one || !waiting.delete(token)) return;
      const failure = error ?? errorOf(message);
      if (failure) one.reject(failure);
      else one.resolve();
    },
  });
  return {
    publish: ({ subject, data, headers }) =>
      new Promise((resolve, reject) => {
        if (waiting.size === 0) silence.refresh();
        number += 1;
        const token = String(number);
        waiting.set(token, { resolve, reject });
        nc.publish(subject, data, { reply: `${inbox}.${token}`, headers });
      }),
    forget: () => waiting.clear(),
    close: () => {
      clearTimeout(silence);
      waiting.clear();
      subscription.unsubscribe();
    },
  };
}
