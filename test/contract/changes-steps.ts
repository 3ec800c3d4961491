import type { ChangeCapture, ClaimLimits, Lease } from '../../src/engine/ports/change-capture.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { ChangeEvent, ChangeLetter } from '../../src/model/change-event.ts';
import type { RowBlock } from '../../src/model/row-block.ts';
import { cellsOf, never } from './test-tables.ts';

export const TRANSFER = 'orders';
export const LANE = { transfer: TRANSFER, lane: 1 } as const;
export const WIDE: ClaimLimits = { events: 10_000, bytes: 4 * 1024 * 1024 };

/** What a capture has of events that are set apart, and of what is counted. */
export function apartOf(capture: ReturnType<NonNullable<Database['capture']>>) {
  const { quarantine, statistics } = capture;
  if (!quarantine || !statistics) throw new Error('nothing can be set apart here');
  return { quarantine, statistics };
}

export interface ReadClaim {
  readonly claim: number;
  readonly afterId?: string | null;
  readonly blockBytes?: number;
}

export async function readBlocksOf(
  changes: ChangeCapture,
  lease: Lease,
  { claim, afterId = null, blockBytes = 1024 * 1024 }: ReadClaim,
): Promise<readonly RowBlock[]> {
  const blocks: RowBlock[] = [];
  for await (const block of changes.read(lease, { claim, afterId, blockBytes }, never()))
    blocks.push({ ...block, data: Buffer.from(block.data) });
  return blocks;
}

/** The bytes of a claim. */
export async function textOf(changes: ChangeCapture, lease: Lease, request: ReadClaim): Promise<string> {
  const blocks = await readBlocksOf(changes, lease, request);
  return Buffer.concat(blocks.map(({ data }) => data)).toString('utf8');
}

export const eventsOf = (text: string): readonly ChangeEvent[] =>
  cellsOf(Buffer.from(text)).map((cells) => {
    const [id = '', table, operation, transaction = '', at = '', user = ''] = cells.map((cell) => cell ?? '');
    const [key = null, old = null, now = null] = cells.slice(6);
    return {
      id,
      table: Number(table),
      operation: operation as ChangeLetter,
      transaction,
      at,
      user,
      key,
      old,
      new: now,
    };
  });

/** Seals one claim, which there must be. */
export async function sealOne(changes: ChangeCapture, lease: Lease, limits = WIDE): Promise<number> {
  const claim = await changes.seal(lease, limits, never());
  if (claim === null) throw new Error('nothing was pending');
  return claim;
}

/** Seals until nothing is pending. @returns the claims' numbers */
export async function sealAll(
  changes: ChangeCapture,
  lease: Lease,
  limits = WIDE,
): Promise<readonly number[]> {
  const claims: number[] = [];
  for (;;) {
    const claim = await changes.seal(lease, limits, never());
    if (claim === null) return claims;
    claims.push(claim);
  }
}

/** What an event did to which row, as a short text: `I 7=0`, `U 7=1`, `D 7=1`. */
export function tellEvent({ operation, old, new: now }: ChangeEvent): string {
  const { id, n } = JSON.parse(now ?? old ?? '{}') as { readonly id: number; readonly n: number };
  return `${operation} ${id}=${n}`;
}

/** Seals and reads all that is pending. */
export async function takeAll(
  changes: ChangeCapture,
  lease: Lease,
  limits = WIDE,
): Promise<readonly string[]> {
  const told: string[] = [];
  for (const claim of await sealAll(changes, lease, limits))
    told.push(...eventsOf(await textOf(changes, lease, { claim })).map(tellEvent));
  return told;
}
