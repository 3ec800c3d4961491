import { type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Announcement } from '../ports/hub.ts';

const lane = { table: Type.String(), generation: Type.Integer(), lane: Type.Integer() };

/** What is heard is checked: another version of ours may have said it. */
const HEARD: Readonly<Record<Announcement['kind'], TSchema>> = {
  structure: Type.Object({ table: Type.String(), generation: Type.Integer(), plan: Type.String() }),
  'range-end': Type.Object({ ...lane, rows: Type.Integer() }),
  gap: Type.Object({ ...lane, attempt: Type.Integer() }),
};

const isAnnouncement = (value: unknown): value is Announcement => {
  const kind: unknown = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : null;
  return (
    typeof kind === 'string' &&
    Object.hasOwn(HEARD, kind) &&
    Value.Check(HEARD[kind as Announcement['kind']], value)
  );
};

/** An announcement as it was said; null for what is none, which is skipped: it is a hint. */
export function parseAnnouncement(data: Uint8Array): Announcement | null {
  try {
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
    const value: unknown = JSON.parse(text);
    return isAnnouncement(value) ? value : null;
  } catch {
    return null;
  }
}

/** A structure whose plan is too large for one message is announced without it; who hears it reads the ledger. */
export function renderAnnouncement(announcement: Announcement, mostBytes: number): Buffer {
  const whole = Buffer.from(JSON.stringify(announcement));
  if (whole.length <= mostBytes || announcement.kind !== 'structure') return whole;
  return Buffer.from(JSON.stringify({ ...announcement, plan: '' }));
}
