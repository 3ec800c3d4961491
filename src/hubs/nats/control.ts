import { randomUUID } from 'node:crypto';
import { AckPolicy, DeliverPolicy, type Msg, nanos } from 'nats';
import type { Announcement, ControlChannel, RunTopic } from '../../engine/ports/hub.ts';
import type { Connection } from './connection.ts';
import { HEADER_BYTES, namesOf } from './names.ts';
import { StreamSender } from './publisher.ts';
import { startPull } from './pull.ts';
import { parseAnnouncement, renderAnnouncement } from '../../engine/hub/announcements.ts';
import { backOff, pause } from '../../engine/waiting.ts';
import type { Troubles } from '../../engine/hub/troubles.ts';

const PULLED = { messages: 100, bytes: 8 * 1024 * 1024 };
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 2_000;

const sequenceOf = (message: Msg): number => {
  const tokens = message.reply?.split('.') ?? [];
  return Number(tokens[tokens.length === 9 ? 5 : 7]);
};

interface Place {
  readonly stream: string;
  readonly connection: Connection;
}

/** A short-lived consumer of its own a listener; `next` is the first sequence it delivers. */
async function createReader({ connection, stream }: Place, next: number): Promise<string> {
  const { name } = await connection.jsm.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: next,
    inactive_threshold: nanos(60_000),
    mem_storage: true,
    num_replicas: 1,
  });
  return name;
}

/** Resolves when the reader has to be made anew. */
async function readOn(
  { connection, stream }: Place,
  consumer: string,
  heard: (message: Msg) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { promise, resolve } = ending();
    const pull = startPull(
      connection.nc,
      { stream, consumer, ...PULLED },
      { message: heard, ended: resolve },
    );
    try {
      if ((await connection.answer(promise, signal)) === 'void') return;
    } finally {
      pull.forget();
    }
  }
}

function ending() {
  let resolve: (end: string) => void = () => undefined;
  const promise = new Promise<string>((settle) => (resolve = settle));
  return { promise, resolve };
}

async function listen(
  place: Place,
  heard: (announcement: Announcement) => void,
  signal: AbortSignal,
): Promise<void> {
  const { connection, stream } = place;
  const delays = backOff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
  let created = '';
  let next = 1;
  const onMessage = (message: Msg): void => {
    next = sequenceOf(message) + 1;
    delays.reset();
    const announcement = parseAnnouncement(message.data);
    if (announcement) queueMicrotask(() => heard(announcement)); // what it throws must not end the driver's reading
  };
  while (!signal.aborted) {
    try {
      await connection.whenConnected(signal);
      const info = await connection.answer(connection.jsm.streams.info(stream), signal);
      if (info.created !== created) next = 1;
      created = info.created;
      const consumer = await connection.answer(createReader(place, next), signal);
      await readOn(place, consumer, onMessage, signal);
    } catch {
      // Away, or not made yet: hints are worth no error.
      if (connection.nc.isClosed()) return;
    }
    if (!signal.aborted) await pause(delays.next(), signal).catch(() => undefined);
  }
}

/** The control stream of a run; see ControlChannel. */
export function createControl(connection: Connection, topic: RunTopic, troubles: Troubles): ControlChannel {
  const { controlStream: stream, controlSubject: subject } = namesOf(topic);
  const sender = new StreamSender(connection, stream, troubles);
  return {
    announce: (announcement, signal) => {
      const data = renderAnnouncement(announcement, connection.info.max_payload - HEADER_BYTES);
      return sender.send({ subject, id: randomUUID(), header: null, data }, signal);
    },
    listen: (heard, signal) => listen({ connection, stream }, heard, signal),
  };
}
