import type { Observer } from '../engine/observer.ts';
import type { ActivityLog } from './contract.ts';

type Side = 'source' | 'target';

interface Line {
  slices: number;
  events: number;
  bytes: number;
  lastBytes: number;
  lastMs: number;
  readonly timer: NodeJS.Timeout;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `1.4 GB`: powers of 1000, as disks and networks count. */
function quantity(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < UNITS.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/**
 * A line in the worker's log every reporting interval while slices of a transfer run here:
 * `[target] RUNNING, 468,000 events, 1.4 GB, Rate: 156.1 MB/s`. Counts are of this process since its first slice.
 */
export function createProgressLines(log: ActivityLog) {
  const lines = new Map<string, Line>();

  const tell = (transfer: string, side: Side, line: Line): void => {
    const nowMs = performance.now();
    const rate = ((line.bytes - line.lastBytes) * 1000) / Math.max(1, nowMs - line.lastMs);
    line.lastBytes = line.bytes;
    line.lastMs = nowMs;
    const counts = `${line.events.toLocaleString('en-US')} events, ${quantity(line.bytes)}, Rate: ${quantity(Math.round(rate))}/s`;
    log.info({ transfer, side, events: line.events, bytes: line.bytes }, `[${side}] RUNNING, ${counts}`);
  };

  const open = (transfer: string, side: Side, intervalMs: number): Line => {
    const line: Line = {
      slices: 0,
      events: 0,
      bytes: 0,
      lastBytes: 0,
      lastMs: performance.now(),
      timer: setInterval(() => tell(transfer, side, line), intervalMs),
    };
    line.timer.unref();
    lines.set(`${side} ${transfer}`, line);
    return line;
  };

  return {
    /** Runs a slice with an observer that counts for its line; the line ends with the last slice of its side. */
    async during<T>(
      slice: {
        readonly transfer: string;
        readonly side: Side;
        readonly intervalMs: number;
        readonly observer: Observer;
      },
      work: (observer: Observer) => Promise<T>,
    ): Promise<T> {
      const { transfer, side, observer } = slice;
      const line = lines.get(`${side} ${transfer}`) ?? open(transfer, side, slice.intervalMs);
      line.slices += 1;
      const count = (rows: number, bytes: number): void => {
        line.events += rows;
        line.bytes += bytes;
      };
      try {
        return await work({
          ...observer,
          published: (table, rows, bytes) => {
            count(rows, bytes);
            observer.published(table, rows, bytes);
          },
          applied: (table, rows, bytes, seconds) => {
            count(rows, bytes);
            observer.applied(table, rows, bytes, seconds);
          },
        });
      } finally {
        line.slices -= 1;
        if (line.slices === 0) {
          clearInterval(line.timer);
          lines.delete(`${side} ${transfer}`);
          tell(transfer, side, line);
        }
      }
    },
  };
}
export type ProgressLines = ReturnType<typeof createProgressLines>;
