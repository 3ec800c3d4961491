import { asyncLocalStorage, CancelledFailure, Context } from '@temporalio/activity';
import { ActivityCancellationDetails, type ActivityCancellationDetailsOptions } from '@temporalio/common';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Governance, governed } from '../../src/activities/governed.ts';
import { whileWorking } from '../../src/engine/while-working.ts';
import type { SliceControl } from '../../src/engine/slice.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A worker's side of one activity: what Temporal would say is said by `interrupt`. */
function createAttempt() {
  const abort = new AbortController();
  const beats: unknown[] = [];
  const holder: { details?: ActivityCancellationDetails } = {};
  const context = new Context(
    {} as never,
    new Promise<never>(() => undefined),
    abort.signal,
    (details: unknown) => beats.push(details),
    undefined,
    {} as never,
    {} as never,
    holder,
  );
  const reason = new CancelledFailure("Temporal's own reason");
  return {
    beats,
    reason,
    interrupt: (why: ActivityCancellationDetailsOptions): void => {
      holder.details = new ActivityCancellationDetails(why);
      abort.abort(reason);
    },
    run: <T>(options: Omit<Governance<T>, 'log'>, work: (control: SliceControl) => Promise<T>): Promise<T> =>
      asyncLocalStorage.run(context, () => governed<T>({ log, ...options }, work)),
  };
}

const stopped = (control: SliceControl): Promise<void> =>
  new Promise((resolve) => control.stop.addEventListener('abort', () => resolve(), { once: true }));

describe('a governed activity', () => {
  afterEach(() => vi.useRealTimers());

  test.each([[{ cancelRequested: true }], [{ workerShutdown: true }]])(
    'returns what it has on %o, as the work gives it or as the partial result says',
    async (why) => {
      const polite = createAttempt();
      const result = polite.run({}, async (control) => stopped(control).then(() => 'so far'));
      polite.interrupt(why);
      await expect(result).resolves.toBe('so far');
      const rude = createAttempt();
      const partial = rude.run({ partial: () => 'partial' }, async (control) => {
        await stopped(control);
        throw new Error('a driver says that its connection was ended');
      });
      rude.interrupt(why);
      await expect(partial).resolves.toBe('partial');
    },
  );

  test.each([[{ paused: true }], [{ reset: true }], [{ timedOut: true }], [{ notFound: true }]])(
    'throws the reason of Temporal on %o, never what the work returned or threw',
    async (why) => {
      for (const end of [
        () => 'a result',
        () => {
          throw new Error('a driver error');
        },
      ]) {
        const attempt = createAttempt();
        const result = attempt.run<string>({ partial: () => 'partial' }, async (control) =>
          stopped(control).then(end),
        );
        attempt.interrupt(why);
        await expect(result).rejects.toBe(attempt.reason);
      }
    },
  );

  test('without a partial result a cancellation stays one, and a shut-down is tried again', async () => {
    for (const [why, name] of [
      [{ cancelRequested: true }, 'CancelledFailure'],
      [{ workerShutdown: true }, 'ApplicationFailure'],
    ] as const) {
      const attempt = createAttempt();
      const result = attempt.run({}, async (control) => {
        await stopped(control);
        throw new SluiceError('database.transient', 'interrupted');
      });
      attempt.interrupt(why);
      await expect(result).rejects.toMatchObject({
        name,
        ...(name === 'ApplicationFailure' && { nonRetryable: false }),
      });
    }
  });

  test('an error of the work becomes a failure with its code', async () => {
    const result = createAttempt().run({}, () => Promise.reject(new SluiceError('target.not_empty', 'rows')));
    await expect(result).rejects.toMatchObject({ type: 'target.not_empty', nonRetryable: true });
  });

  test('beats while something moves, with what the work said last, and says when its time is up', async () => {
    vi.useFakeTimers();
    const attempt = createAttempt();
    const overdue: boolean[] = [];
    const detail = { table: 'main.a', rowsRead: 5, bytesRead: 50 };
    const result = attempt.run({ budgetMs: 1_500 }, async (control) => {
      control.progress(detail);
      overdue.push(control.overdue());
      await vi.advanceTimersByTimeAsync(2_000);
      overdue.push(control.overdue());
    });
    await result;
    expect(overdue).toEqual([false, true]);
    expect(attempt.beats.length).toBe(9);
    expect(attempt.beats.at(-1)).toEqual({ progressed: 1, ...detail });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(attempt.beats.length).toBe(9);
  });

  test('work in which nothing moves stops beating, is told to end and fails as stalled, even when it never ends', async () => {
    vi.useFakeTimers();
    for (const work of [stopped, () => new Promise<void>(() => undefined)]) {
      const attempt = createAttempt();
      const result = attempt.run({ stallAfterMs: 3_000 }, work);
      const outcome = result.catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(3_000);
      const { length } = attempt.beats;
      await vi.advanceTimersByTimeAsync(12_000);
      expect(await outcome).toMatchObject({ type: 'stalled', nonRetryable: false });
      expect(attempt.beats.length).toBe(length);
    }
  });

  test('one statement that says nothing until it ends is no stall', async () => {
    vi.useFakeTimers();
    const statement = (): Promise<string> =>
      new Promise((resolve) => setTimeout(() => resolve('planned'), 3_600_000));
    const result = createAttempt().run({}, (control) => whileWorking(control.progress, statement()));
    await vi.advanceTimersByTimeAsync(3_600_000);
    await expect(result).resolves.toBe('planned');
  });
});
