import { beforeEach, describe, expect, test } from 'vitest';
import { SessionSteps } from '../../src/engine/driver/session-steps.ts';

const asText = (error: unknown): Error => new Error(`ours of ${String(error)}`);

describe('the steps of a transaction', () => {
  let happened: string[];
  let abort: AbortController;
  let steps: SessionSteps<{ ended: boolean; destroy(): void; cancel(): void; end(): Promise<void> }>;
  beforeEach(() => {
    happened = [];
    abort = new AbortController();
    const session = {
      ended: false,
      destroy: () => undefined,
      cancel: () => void happened.push('cancelled'),
      end: () => Promise.resolve(),
    };
    const pool = { give: () => void happened.push('given'), discard: () => void happened.push('discarded') };
    steps = new SessionSteps(pool, session, abort.signal);
  });
  const fails = (): Promise<never> => Promise.reject(new TypeError('theirs'));

  test('give the session back behind the last one, and hear no abort then', async () => {
    expect(await steps.step(() => Promise.resolve(7), asText)).toBe(7);
    await steps.last(() => Promise.resolve(), asText);
    abort.abort();
    expect(happened).toEqual(['given']);
    expect(steps.over).toBe(true);
  });

  test.each(['step', 'last'] as const)('are over with the first error, of a %s', async (kind) => {
    await expect(steps[kind](fails, asText)).rejects.toThrow('ours of TypeError: theirs');
    await expect(steps.step(() => Promise.resolve(), asText)).rejects.toMatchObject({ code: 'internal' });
    expect(happened).toEqual(['discarded']);
  });

  test('end with the reason of an abort, which cancels the one that runs', async () => {
    const reason = new Error('enough');
    const running = steps.step(
      () =>
        new Promise((_, reject) => {
          abort.signal.addEventListener('abort', () => reject(new Error('theirs')));
        }),
      asText,
    );
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(happened).toEqual(['cancelled', 'discarded']);
  });

  test('begin none after an abort that came between two', async () => {
    const reason = new Error('enough');
    await steps.step(() => Promise.resolve(), asText);
    abort.abort(reason);
    await expect(steps.last(() => Promise.resolve(happened.push('committed')), asText)).rejects.toBe(reason);
    expect(happened).toEqual(['cancelled', 'discarded']);
  });
});
