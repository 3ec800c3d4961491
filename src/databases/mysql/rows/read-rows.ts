import type { Duplex } from 'node:stream';
import { blockPool } from '../../../engine/driver/block-pool.ts';
import type { RowBlock } from '../../../model/row-block.ts';
import { takeReads } from '../../../engine/driver/reading-socket.ts';
import { type Packet, sendQuery, type Wire, type WireCommand } from '../connections/wire.ts';
import { INTERRUPTED, vendorCode } from '../error-codes.ts';
import { type CutOptions, RowCutter } from './row-cutter.ts';

/** A SELECT as blocks. Takes the socket from the driver while rows come, and pauses it while a block waits. */
export class ReadRows implements WireCommand {
  readonly #text: string;
  readonly #cutter: RowCutter;
  #stream: Duplex | null = null;
  #handBack: (rest: Buffer) => void = () => undefined;
  #wire: Wire | null = null;
  #error: unknown = null;
  #done = false;
  #wake: (() => void) | null = null;

  constructor(text: string, options: CutOptions) {
    this.#text = text;
    this.#cutter = new RowCutter(options);
  }

  execute(packet: Packet | undefined, wire: Wire): boolean {
    if (packet === undefined) {
      this.#wire = wire;
      this.#stream = wire.stream;
      this.#handBack = takeReads(wire.stream, this.#onData);
      sendQuery(wire, this.#text);
      return false;
    }
    // The packet that ended the answer: an end, an error, or nothing that a SELECT is answered with.
    if (packet.isError()) this.#error = packet.asError(wire.clientEncoding);
    else if (packet.buffer[packet.offset] !== 0xfe) this.#error = new Error('no rows came');
    this.#done = true;
    this.#wake?.();
    return true;
  }

  readonly #onData = (chunk: Buffer): void => {
    const rest = this.#cutter.push(chunk);
    if (rest) {
      this.#wire!.sequenceId = rest[3]!;
      this.#handBack(rest);
    } else if (this.#cutter.ready.length > 0) this.#stream?.pause();
    if (this.#cutter.ready.length > 0 || this.#cutter.failure) this.#wake?.();
  };

  /** The next block; null at the end. Throws the driver's error. */
  async next(): Promise<RowBlock | null> {
    for (;;) {
      const block = this.#cutter.take();
      if (block) {
        if (this.#cutter.ready.length === 0) this.#stream?.resume();
        return block;
      }
      const failure = this.#cutter.failure ?? this.#error;
      if (failure !== null) throw failure;
      if (this.#done) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }

  /** Reads to the end of an interrupted statement, for nobody: the session can be used again then. */
  async drain(): Promise<void> {
    try {
      for (let block = await this.next(); block; block = await this.next()) blockPool.give(block.data);
    } catch (error) {
      if (vendorCode(error) !== INTERRUPTED) throw error;
    }
  }

  onResult(error: Error): void {
    this.#error = error;
    this.#wake?.();
  }
}
