import { SluiceError } from '../../model/sluice-error.ts';

/** The data stream holds several times what may be published and not yet applied. */
export const CREDITS = 4;

/** No more messages than that may have to wait for each other: hubs bound what is delivered and not acknowledged. */
const MOST_PARTS = 3_000;
const MEBIBYTE = 1024 * 1024;

const tooLarge = (message: string, suggestion: string, table?: string): SluiceError =>
  new SluiceError('source.row_too_large', message, {
    ...(table !== undefined && { table }),
    suggestion: `${suggestion}; or leave its large column out with columns.exclude`,
  });

/** For a row of which a reader knows the length before it has it: what it would take is never held in memory. */
export function rowTooLarge(rowBytes: number, mostBytes: number, table?: string): SluiceError {
  // A little more than the row, for what comes with it.
  const creditBytes = Math.ceil((rowBytes * 1.05) / CREDITS / MEBIBYTE) * MEBIBYTE;
  return tooLarge(
    `a large row takes ${rowBytes} bytes with its block, and the stream of the hub holds ${mostBytes}`,
    `set read.creditBytes to ${creditBytes} or more and start the transfer again`,
    table,
  );
}

/**
 * All messages of a batch are in the stream at once, for none is acknowledged before the last is there: what does not fit
 * would wait for ever. A block is larger than the stream only because of its last row.
 * @throws SluiceError source.row_too_large before anything of it is published
 */
export function refuseTooLarge(
  batch: { readonly table: string; readonly parts: number; readonly storedBytes: number },
  mostBytes: number,
): void {
  const { table, parts, storedBytes } = batch;
  if (parts > MOST_PARTS)
    throw tooLarge(
      `a row takes ${parts} messages of the hub, and ${MOST_PARTS} is the most`,
      'let the hub take larger messages (max_payload of NATS) and start the transfer again',
      table,
    );
  if (storedBytes > mostBytes) throw rowTooLarge(storedBytes, mostBytes, table);
}
