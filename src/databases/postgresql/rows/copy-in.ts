import type { Duplex } from 'node:stream';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { RowEncoding } from '../../../model/row-block.ts';
import type { Session, Wire, WireQuery } from '../pool.ts';
import { renderCopyIn } from '../sql.ts';

const MESSAGE_BYTES = 64 * 1024; // the server parses one message while the next is on its way
const COPY_DATA = 0x64;
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4]);
// Signature, flags, no extension; a field count of -1 ends the file.
const BINARY_HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
const BINARY_TRAILER = Buffer.from([0xff, 0xff]);

/** COPY FROM STDIN of bytes that are all there. */
class CopyIn implements WireQuery {
  readonly #text: string;
  readonly #pieces: readonly Buffer[];
  readonly rows: Promise<number>;
  #resolve: (rows: number) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #count = 0;

  constructor(text: string, pieces: readonly Buffer[]) {
    this.#text = text;
    this.#pieces = pieces;
    this.rows = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(wire: Wire): void {
    wire.query(this.#text);
  }

  handleCopyInResponse(wire: Wire): void {
    const { stream } = wire;
    stream.cork();
    for (const piece of this.#pieces) this.#send(stream, piece);
    stream.write(COPY_DONE);
    stream.uncork();
  }

  #send(stream: Duplex, piece: Buffer): void {
    for (let at = 0; at < piece.length; at += MESSAGE_BYTES) {
      const part = piece.subarray(at, at + MESSAGE_BYTES);
      const header = Buffer.allocUnsafe(5);
      header[0] = COPY_DATA;
      header.writeUInt32BE(part.length + 4, 1);
      stream.write(header);
      stream.write(part);
    }
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#count = Number(/^COPY (\d+)$/.exec(message.text)?.[1] ?? 0);
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#count);
  }
}

/** Rows of these columns into a table. @returns rows that the server counted */
export function copyIn(
  session: Session,
  into: string,
  plan: Pick<TablePlan, 'columns'>,
  { encoding, data }: { readonly encoding: RowEncoding; readonly data: Buffer },
): Promise<number> {
  const binary = encoding === 'binary-rows';
  const pieces = binary ? [BINARY_HEADER, data, BINARY_TRAILER] : [data];
  const columns = plan.columns.map((column) => column.target);
  const copy = new CopyIn(renderCopyIn(into, columns, binary), pieces);
  session.submit(copy);
  return copy.rows;
}
