import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../src/engine/wire/fingerprint.ts';
import { decodePart, encodeBatch, joinParts } from '../../src/engine/wire/wire-format.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';
import type { HubMessage } from '../../src/engine/ports/hub.ts';
import { type Batch, messageId } from '../../src/model/batch.ts';
import { makeBatch } from '../support/make-batch.ts';

const cell = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ unit: 'grapheme-ascii', minLength: 0, maxLength: 3_000 }),
);
const position = fc.oneof(fc.constant(null), fc.array(cell, { minLength: 1, maxLength: 4 }));
const batch = fc
  .record({
    first: position,
    last: position,
    table: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 63 }),
    n: fc.integer({ min: 1 }),
    attempt: fc.integer({ min: 1 }),
    lane: fc.integer({ min: 1 }),
    end: fc.oneof(fc.constant(null), fc.record({ rows: fc.nat(), bytes: fc.nat() })),
    data: fc.uint8Array({ maxLength: 2_000 }),
  })
  .map(({ data, ...header }) => makeBatch(header, Buffer.from(data)));

/** What a receiver finds. */
function compare(message: HubMessage, sent: Batch): string {
  try {
    const { header, data } = decode([message]);
    if (fingerprint(header, data) !== header.fingerprint) return 'damaged';
    const isSame = JSON.stringify(header) === JSON.stringify(sent.header) && data.equals(sent.data);
    return isSame ? 'as sent' : 'altered';
  } catch (error) {
    return isSluiceError(error) && error.code === 'batch.damaged' ? 'damaged' : String(error);
  }
}

const decode = (messages: ReturnType<typeof encodeBatch>) =>
  joinParts(messages.map((message) => decodePart(message)));

describe('a batch on the wire', () => {
  test('comes back as it was, whole or in fragments, whatever its keys and names are', () => {
    fc.assert(
      fc.property(batch, fc.integer({ min: 1, max: 3_000 }), (sent, maxBytes) => {
        const messages = encodeBatch(sent, maxBytes);
        const received = decode(messages);
        expect(received.header).toEqual(sent.header);
        expect(received.data.equals(sent.data)).toBe(true);
        expect(fingerprint(received.header, received.data)).toBe(sent.header.fingerprint);
      }),
    );
  });

  test('has a header of printable ASCII below 4 KiB, however long the keys are', () => {
    fc.assert(
      fc.property(batch, fc.integer({ min: 64, max: 3_000 }), (sent, maxBytes) => {
        for (const { header } of encodeBatch(sent, maxBytes)) {
          expect(header).toMatch(/^[\x20-\x7e]*$/);
          expect(header.length).toBeLessThan(4_096);
        }
      }),
    );
  });

  test('is cut into messages of at most the size that the hub takes, with ids of their own', () => {
    fc.assert(
      fc.property(batch, fc.integer({ min: 1, max: 500 }), (sent, maxBytes) => {
        const messages = encodeBatch(sent, maxBytes);
        expect(messages.every(({ data }) => data.byteLength <= maxBytes)).toBe(true);
        expect(messages.map(({ id }) => id)).toEqual(
          messages.map((_, index) => messageId(sent.header, index + 1)),
        );
      }),
    );
  });

  test('is not taken for what was sent when any one byte of its data is another', () => {
    fc.assert(
      fc.property(batch, fc.nat(), fc.integer({ min: 1, max: 255 }), (sent, where, flip) => {
        const [message] = encodeBatch(sent, 10_000);
        fc.pre(message !== undefined && message.data.byteLength > 0);
        if (!message) return;
        const data = Uint8Array.from(message.data);
        const at = where % data.byteLength;
        data[at] = (data[at] ?? 0) ^ flip;
        // Two spellings of one key in JSON, for example \u001f and \u001F, are no damage.
        expect(['damaged', 'as sent']).toContain(compare({ ...message, data }, sent));
      }),
      { numRuns: 500 },
    );
  });

  test('is refused as damaged when its header is no JSON, of another version or lacks a number', () => {
    const [message] = encodeBatch(makeBatch(), 1_000);
    const header = message?.header ?? '';
    const others = [
      '',
      'null',
      '[]',
      '{',
      header.replace('"v":2', '"v":1'),
      header.replace('"attempt":1', '"attempt":"1"'),
      header.replace('"p":1', '"p":1.5'),
      header.replace('"p":1', '"p":2'),
      header.replace('"ps":1', '"ps":4000000'),
      header.replace('"spill":0', '"spill":-1'),
      header.replace(/"epoch":"[^"]*",/, ''),
      header.replace(/"fingerprint":"[^"]*"/, '"fingerprint":7'),
    ];
    for (const other of others) {
      expect(() => decodePart({ header: other, data: Buffer.alloc(0) }), other).toThrow(
        expect.objectContaining({ code: 'batch.damaged' }),
      );
    }
  });

  test('is refused as damaged when its positions are not texts', () => {
    const [message] = encodeBatch(makeBatch(), 1_000);
    const header = message?.header.replace('"first":["1"]', '"first":[1]') ?? '';
    expect(() => decode([{ ...makeBatch(), id: '', ordinal: 1, header }])).toThrow(
      expect.objectContaining({ code: 'batch.damaged' }),
    );
  });
});

describe('the message id', () => {
  const id = fc.record({
    run: fc.nat(99),
    table: fc.string({ unit: 'grapheme', maxLength: 8 }),
    generation: fc.nat(9),
    lane: fc.nat(99),
    attempt: fc.nat(99),
    n: fc.nat(99),
    part: fc.nat(99),
  });

  test('is another for any other run, table, generation, lane, attempt, n or part', () => {
    fc.assert(
      fc.property(id, id, (one, other) => {
        const ids = [one, other].map(({ part, ...header }) => messageId(makeBatch(header).header, part));
        expect(ids[0] === ids[1]).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });
});
