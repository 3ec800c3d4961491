import { afterEach, describe, expect, test, vi } from 'vitest';
import { type PooledSession, SessionPool } from '../../src/engine/driver/session-pool.ts';

class Line implements PooledSession {
  ended = false;
  readonly said: string[] = [];
  destroy(): void {
    this.ended = true;
    this.said.push('destroyed');
  }
  cancel(): void {
    this.ended = true;
    this.said.push('cancelled');
  }
  async end(): Promise<void> {
    this.ended = true;
    this.said.push('ended');
  }
}

const never = (): AbortSignal => new AbortController().signal;

function createPool(maxConnections: number, refuse: () => boolean = () => false) {
  const opened: Line[] = [];
  const pool = new SessionPool<Line, string>({
    maxConnections,
    idleCloseMs: 1_000,
    open: async () => {
      if (refuse()) throw new Error('refused');
      const line = new Line();
      opened.push(line);
      return line;
    },
    toError: (error, context) => new Error(`${context ?? 'none'}: ${(error as Error).message}`),
  });
  return { pool, opened };
}

describe('a pool of sessions', () => {
  afterEach(() => void vi.useRealTimers());

  test('opens no more than it may and hands out in the order of asking', async () => {
    const { pool, opened } = createPool(2);
    const [first, second] = [await pool.take(never()), await pool.take(never())];
    const got: string[] = [];
    const third = pool.take(never()).then((line) => (got.push('third'), line));
    const fourth = pool.take(never()).then((line) => (got.push('fourth'), line));
    pool.give(first);
    expect(await third).toBe(first);
    pool.discard(second); // whose place is given on, to make a new one
    expect(await fourth).not.toBe(second);
    expect([got, opened.length]).toEqual([['third', 'fourth'], 3]);
    await pool.close();
  });

  test('does not hand out one that ended meanwhile', async () => {
    const { pool, opened } = createPool(1);
    const line = await pool.take(never());
    pool.give(line);
    line.ended = true;
    expect(await pool.take(never())).not.toBe(line);
    expect(opened).toHaveLength(2);
    await pool.close();
  });

  test('frees its place when opening fails', async () => {
    let refused = true;
    const { pool } = createPool(1, () => refused);
    await expect(pool.take(never())).rejects.toThrow('refused');
    refused = false;
    await expect(pool.take(never())).resolves.toBeInstanceOf(Line);
    await pool.close();
  });

  test('lets who waits leave by the signal, and gives the place to the next', async () => {
    const { pool } = createPool(1);
    const line = await pool.take(never());
    const stop = new AbortController();
    const leaves = pool.take(stop.signal);
    const stays = pool.take(never());
    stop.abort(new Error('enough'));
    await expect(leaves).rejects.toThrow('enough');
    pool.give(line);
    expect(await stays).toBe(line);
    await pool.close();
  });

  test('ends what stood idle for its time', async () => {
    vi.useFakeTimers();
    const { pool } = createPool(1);
    const line = await pool.take(never());
    pool.give(line);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(line.said).toEqual(['ended']);
    expect(await pool.take(never())).not.toBe(line);
    await pool.close();
  });

  test('closes a session whose work failed, with the error as ours', async () => {
    const { pool, opened } = createPool(1);
    const fail = () => Promise.reject(new Error('broken'));
    await expect(pool.use(fail, never(), 'ledger')).rejects.toThrow('ledger: broken');
    expect(opened[0]!.said).toEqual(['destroyed']);
    await expect(pool.use(async () => 1, never())).resolves.toBe(1);
    await pool.close();
  });

  test('cancels the statement of an aborted work and gives the reason', async () => {
    const { pool, opened } = createPool(1);
    const stop = new AbortController();
    const work = pool.use(async () => {
      stop.abort(new Error('enough'));
      throw new Error('cut');
    }, stop.signal);
    await expect(work).rejects.toThrow('enough');
    expect(opened[0]!.said).toEqual(['cancelled', 'destroyed']);
    await pool.close();
  });

  test('hears an abort that comes while a session is being made, and keeps the session', async () => {
    const { pool, opened } = createPool(1);
    const stop = new AbortController();
    const work = pool.use(() => new Promise(() => {}), stop.signal);
    stop.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
    expect(await pool.take(never())).toBe(opened[0]);
    await pool.close();
  });

  test('closed, it says goodbye to the idle, ends the busy and takes nobody', async () => {
    const { pool } = createPool(2);
    const [busy, idle] = [await pool.take(never()), await pool.take(never())];
    pool.give(idle);
    await pool.close();
    expect([busy.said, idle.said]).toEqual([['destroyed'], ['ended']]);
    await expect(pool.take(never())).rejects.toMatchObject({ code: 'internal' });
  });
});
