import type { LoadedChunk, WantedLoad } from '../../ports/initial-load.ts';
import type { LoadPosition, StoredLoad } from './stored-load.ts';

/** Rows behind one position and up to another one. */
export interface ChunkSpan {
  /** Null: from the first row on. */
  readonly after: LoadPosition | null;
  /** Null: to the last one. */
  readonly upto: LoadPosition | null;
}

/** What a database does of a chunk, all of it in the transaction that is open. */
export interface ChunkSteps {
  /** How far the load is, locked against whoever writes another chunk. Null: it was forgotten. */
  stored(): Promise<StoredLoad | null>;
  /** Where the chunk ends; null: there are not so many rows left. */
  bound(after: LoadPosition | null): Promise<LoadPosition | null>;
  /** Writes the events of the rows. @returns how many */
  write(span: ChunkSpan): Promise<number>;
  store(chunk: { readonly upto: LoadPosition | null; readonly events: number }): Promise<void>;
}

/**
 * Writes the next chunk of a load, and how far it is then.
 * @returns beside it when its rows began to be locked, as performance.now() has it
 */
export async function writeChunk(
  { generation }: Pick<WantedLoad, 'generation'>,
  steps: ChunkSteps,
): Promise<LoadedChunk & { readonly lockedAtMs: number }> {
  const beganMs = performance.now();
  const stored = await steps.stored();
  if (stored === null || stored.generation !== generation)
    return { state: 'superseded', rows: 0, lockedAtMs: beganMs };
  if (stored.isDone) return { state: 'done', rows: 0, lockedAtMs: beganMs };
  const { after } = stored;
  const upto = await steps.bound(after);
  const lockedAtMs = performance.now();
  const events = await steps.write({ after, upto });
  await steps.store({ upto, events });
  return { state: upto === null ? 'done' : 'more', rows: events, lockedAtMs };
}
