const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `1,234,567` */
export const formatCount = (count: number | bigint): string =>
  count.toString().replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');

/** `474 MiB`, `1.5 GiB`: three digits at most. */
export function formatBytes(sizeBytes: number): string {
  let amount = sizeBytes;
  let unit = 0;
  while (amount >= 1023.5 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const text = unit === 0 || amount >= 99.95 ? amount.toFixed(0) : amount.toFixed(1);
  return `${text} ${UNITS[unit]}`;
}

/** `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`, `4 d 3 h`. */
export function formatDuration(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (part: number): string => String(part).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** Per second; whole numbers from 10 on. */
export const formatRate = (perSecond: number): string =>
  `${perSecond >= 10 || perSecond === 0 ? formatCount(Math.round(perSecond)) : perSecond.toFixed(1)}/s`;

/** A share from 0 to 1 as `87 %`. */
export const formatShare = (share: number): string => `${Math.round(share * 100)} %`;

/**
 * How far, of an estimate that may be wrong: never 100 % before it is done, `100 %` once it is, `-` without an estimate.
 */
export function formatDone(rows: number, estimate: number | null, done: boolean): string {
  if (done) return '100 %';
  if (estimate === null || estimate <= 0) return '-';
  return `${Math.min(99, Math.floor((rows / estimate) * 100))} %`;
}

/** `2026-11-21 09:31:50Z`: UTC, to the second. */
export const formatTime = (time: string | Date): string =>
  new Date(time)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
