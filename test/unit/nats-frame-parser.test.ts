import fc from 'fast-check';
import { Kind, Parser, type ParserEvent } from 'nats/lib/nats-base-client/internal_mod.js';
import { expect, test } from 'vitest';
import { createBlockPool } from '../../src/engine/driver/block-pool.ts';
import { FrameParser } from '../../src/hubs/nats/wire/frame-parser.ts';

/** An event with its bytes as text, so that later changes of a buffer show. */
const said = ({ kind, msg, data }: ParserEvent): unknown => ({
  kind,
  data: data && Buffer.from(data).toString('latin1'),
  ...(msg && {
    subject: Buffer.from(msg.subject).toString('latin1'),
    reply: msg.reply?.length ? Buffer.from(msg.reply).toString('latin1') : undefined,
    sid: msg.sid,
    hdr: msg.hdr,
    size: msg.size,
  }),
});

const word = fc.string({
  unit: fc.constantFrom(...Array.from('abcXYZ019_.$-é')),
  minLength: 1,
  maxLength: 20,
});
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 1, max: 5 }).map((n) => Buffer.alloc(n * 100_000, `\r\nMSG a 1 3\r\n${n}`)),
);
const line = (text: string): Buffer => Buffer.from(`${text}\r\n`);

const plainMessage = fc
  .tuple(word, fc.integer({ min: 1, max: 9_999 }), fc.option(word), payload)
  .map(([subject, sid, reply, data]) =>
    Buffer.concat([
      line(`MSG ${subject} ${sid} ${reply === null ? '' : `${reply} `}${data.length}`),
      data,
      line(''),
    ]),
  );
const headedMessage = fc
  .tuple(word, fc.integer({ min: 1, max: 9_999 }), fc.option(word), payload)
  .map(([subject, sid, reply, data]) => {
    const head = Buffer.from('NATS/1.0\r\nA: b\r\n\r\n');
    const sizes = `${head.length} ${head.length + data.length}`;
    const first = line(`HMSG ${subject} ${sid} ${reply === null ? '' : `${reply} `}${sizes}`);
    return Buffer.concat([first, head, data, line('')]);
  });
const operation = fc.oneof(
  { arbitrary: plainMessage, weight: 4 },
  { arbitrary: headedMessage, weight: 4 },
  fc.constantFrom('PING', 'PONG', '+OK', "-ERR 'Unknown Protocol'", 'INFO {"version":"2.15.2"}').map(line),
);

function cut(bytes: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const end = at + (sizes[turn % sizes.length] ?? 1);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

test('gives the events of the driver’s parser, however the bytes are cut and though each chunk is overwritten', () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 200_000 })), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 12 }), sizes, (operations, steps) => {
      const bytes = Buffer.concat(operations);
      const expected: unknown[] = [];
      new Parser({ push: (event) => void expected.push(said(event)) }).parse(Buffer.from(bytes));
      const events: ParserEvent[] = [];
      const parser = new FrameParser(createBlockPool(), (event) => events.push(event));
      for (const chunk of cut(bytes, bytes.length > 2_000 ? steps.map((step) => step + 500) : steps)) {
        const lent = Buffer.from(chunk);
        parser.parse(lent);
        lent.fill(0xee); // the socket reads the next bytes into it
      }
      expect(events.map(said)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

test('a message without data is delivered', () => {
  const kinds: Kind[] = [];
  const parser = new FrameParser(createBlockPool(), (event) => kinds.push(event.kind));
  parser.parse(Buffer.from('MSG a 1 0\r\n\r\nPING\r\n'));
  expect(kinds).toEqual([Kind.MSG, Kind.PING]);
});

test.each(['GET / HTTP/1.1\r\n', 'MSG a\r\n', 'HMSG a 1 x y\r\n'])(
  'what no NATS server sends fails: %j',
  (text) => {
    const parser = new FrameParser(createBlockPool(), () => undefined);
    expect(() => parser.parse(Buffer.from(text))).toThrow();
  },
);

test('a line that never ends fails instead of filling the memory', () => {
  const parser = new FrameParser(createBlockPool(), () => undefined);
  const endless = (): void => {
    for (let turn = 0; turn < 100; turn += 1) parser.parse(Buffer.alloc(64 * 1024, 'x'));
  };
  expect(endless).toThrow('without an end');
});
