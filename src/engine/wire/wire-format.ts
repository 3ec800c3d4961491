import type { Batch, BatchHeader, BatchPart } from '../../model/batch.ts';
import { messageId } from '../../model/batch.ts';
import type { Position } from '../../model/row-block.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { HubMessage } from '../ports/hub.ts';

/** Above this many characters the positions leave the header: hubs limit headers to a few KiB. */
const HEADER_CHARS = 2048;

/** More parts than that no batch has: it would be larger than any database takes a row. */
const MOST_PARTS = 1_000_000;

/** Raised with every change of the header: a worker of another version drops what it cannot read. */
const VERSION = 2;

/**
 * The header on the wire, as ASCII JSON. Where positions are long they precede the rows instead:
 *
 *     header  {"v":2,…,"p":part,"ps":parts,"spill":S}      data  [S bytes of {"first":…,"last":…}][rows]
 */
interface WireHeader {
  readonly v: typeof VERSION;
  readonly h: Omit<BatchHeader, 'first' | 'last'>;
  readonly keys: { readonly first: Position | null; readonly last: Position | null } | null;
  readonly spill: number;
  readonly p: number;
  readonly ps: number;
}

const ascii = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Cuts a batch into hub messages of at most `maxBytes` of data each: one, except where a row is larger than the hub takes. */
export function encodeBatch(batch: Batch, maxBytes: number): HubMessage[] {
  const { first, last, ...h } = batch.header;
  const keys = { first, last };
  const inline = ascii({ v: VERSION, h, keys, spill: 0, p: 1, ps: 1 } satisfies WireHeader);
  const spill = inline.length > HEADER_CHARS ? Buffer.from(JSON.stringify(keys)) : null;
  const data = spill ? Buffer.concat([spill, batch.data]) : batch.data;
  const ps = Math.max(1, Math.ceil(data.byteLength / maxBytes));
  if (ps === 1 && !spill)
    return [{ id: messageId(batch.header, 1), ordinal: h.ordinal, lane: h.lane, header: inline, data }];
  return Array.from({ length: ps }, (_, index) => ({
    id: messageId(batch.header, index + 1),
    ordinal: h.ordinal,
    lane: h.lane,
    header: ascii({
      v: VERSION,
      h,
      keys: spill ? null : keys,
      spill: spill?.byteLength ?? 0,
      p: index + 1,
      ps,
    } satisfies WireHeader),
    data: data.subarray(index * maxBytes, (index + 1) * maxBytes),
  }));
}

const damaged = (why: string): SluiceError =>
  new SluiceError('batch.damaged', `a hub message cannot be read: ${why}`);

const isPosition = (value: unknown): value is Position | null =>
  value === null || (Array.isArray(value) && value.every((part) => typeof part === 'string'));

function parse(text: string): WireHeader {
  let wire: WireHeader;
  try {
    wire = JSON.parse(text) as WireHeader;
  } catch {
    throw damaged('its header is no JSON');
  }
  const numbers = [
    wire?.h?.run,
    wire?.h?.generation,
    wire?.h?.lane,
    wire?.h?.attempt,
    wire?.h?.n,
    wire?.p,
    wire?.ps,
    wire?.spill,
  ];
  const texts = [wire?.h?.table, wire?.h?.epoch, wire?.h?.plan, wire?.h?.fingerprint];
  const isKnown = wire?.v === VERSION && numbers.every(Number.isSafeInteger);
  if (!isKnown || !texts.every((each) => typeof each === 'string')) {
    throw damaged('its header is of another version');
  }
  if (wire.p < 1 || wire.p > wire.ps || wire.ps > MOST_PARTS || wire.spill < 0)
    throw damaged('it is a part of nothing');
  return wire;
}

/** A part with the number of bytes that hold positions in front of its batch's rows. */
export interface ReceivedPart extends Omit<BatchPart, 'header'> {
  readonly header: Omit<BatchHeader, 'first' | 'last'>;
  readonly keys: WireHeader['keys'];
  readonly spill: number;
}

/** @throws SluiceError batch.damaged */
export function decodePart(message: Pick<HubMessage, 'header' | 'data'>): ReceivedPart {
  const wire = parse(message.header);
  return {
    header: wire.h,
    keys: wire.keys,
    spill: wire.spill,
    part: wire.p,
    parts: wire.ps,
    data: message.data,
  };
}

/** Joins all parts of one batch, in order. @throws SluiceError batch.damaged */
export function joinParts(parts: readonly ReceivedPart[]): Batch {
  const [head] = parts;
  if (!head) throw damaged('it has no parts');
  const chunks = parts.map((part) =>
    Buffer.from(part.data.buffer, part.data.byteOffset, part.data.byteLength),
  );
  const whole = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  let keys = head.keys;
  if (!keys) {
    try {
      keys = JSON.parse(whole.toString('utf8', 0, head.spill)) as NonNullable<WireHeader['keys']>;
    } catch {
      throw damaged('its positions are no JSON');
    }
  }
  if (!isPosition(keys.first) || !isPosition(keys.last)) throw damaged('its positions are not texts');
  const header: BatchHeader = { ...head.header, first: keys.first, last: keys.last };
  return { header, data: whole.subarray(head.spill) };
}
