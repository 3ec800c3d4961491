import type { BatchHeader } from '../../../model/batch.ts';
import { retryDelayMs } from '../../../model/quarantine.ts';
import type { SluiceError } from '../../../model/sluice-error.ts';
import type { RetryPolicy } from '../../ports/event-parking.ts';
import type { ParkedMark, StoredEvent } from '../../ports/target-parking.ts';
import { cutText } from '../../quarantine/cut-text.ts';
import { unescapeText } from '../parse-events.ts';
import { wholeTable } from './event-keys.ts';
import type { SetApart } from './parked-keys.ts';

const BASE64 = 'base64:';

/** A payload as text that any database holds: JSON as it is, or what is no UTF-8 in base64. No JSON begins so. */
export function payloadText(cell: string | null): string | null {
  if (cell === null) return null;
  const bytes = Buffer.from(unescapeText(cell), 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : BASE64 + bytes.toString('base64');
}

/** The cell of a block again. */
export function payloadCell(text: string | null): string | null {
  if (text === null) return null;
  const bytes = text.startsWith(BASE64)
    ? Buffer.from(text.slice(BASE64.length), 'base64')
    : Buffer.from(text, 'utf8');
  return bytes.toString('latin1').replaceAll('\\', '\\\\');
}

/** What an event that was refused waits for: its next try, or a person. @param before  how often it was tried before */
export function refusedMark(
  refusal: Pick<SluiceError, 'code' | 'message'>,
  before: number,
  { retryAfterMs, tries }: RetryPolicy,
  nowMs: number,
): ParkedMark {
  const attempts = before + 1;
  const { code } = refusal;
  const message = cutText(refusal.message);
  return attempts >= tries
    ? { state: 'final', attempts, retryAtMs: null, finalAtMs: nowMs, code, message }
    : {
        state: 'waiting',
        attempts,
        retryAtMs: nowMs + retryDelayMs(attempts, retryAfterMs),
        finalAtMs: null,
        code,
        message,
      };
}

const BEHIND: ParkedMark = {
  state: 'behind',
  attempts: 0,
  retryAtMs: null,
  finalAtMs: null,
  code: '',
  message: '',
};

/** An event of a batch as it is stored. */
export function storedEvent(
  header: BatchHeader,
  { event, table, keys, chain, refusal }: SetApart,
  policy: RetryPolicy,
  nowMs: number,
): StoredEvent {
  const [claim = '0'] = header.last ?? [];
  return {
    transfer: header.transfer,
    run: header.run,
    claim: Number(claim),
    event: event.id,
    lane: header.lane,
    table: table.plan.id,
    operation: event.operation,
    chain,
    own: keys?.own ?? wholeTable(table),
    other: keys?.other ?? null,
    key: keys?.text ?? '',
    parkedAtMs: nowMs,
    old: payloadText(event.old),
    new: payloadText(event.new),
    ...(refusal ? refusedMark(refusal, 0, policy, nowMs) : BEHIND),
  };
}
