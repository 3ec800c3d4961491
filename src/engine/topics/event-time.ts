import { SluiceError } from '../../model/sluice-error.ts';

const CANONICAL = /^(\d{4,6}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00$/;
const DIGITS = 6;

/** Canonical `timestamptz` as `2025-08-04T10:34:56.789456+00:00`. @throws SluiceError source.value_rejected */
export function renderTime(at: string): string {
  const [, date, time, fraction = ''] = CANONICAL.exec(at) ?? [];
  if (date === undefined)
    throw new SluiceError('source.value_rejected', 'the time of a captured event is none');
  return `${date}T${time}.${fraction.padEnd(DIGITS, '0')}+00:00`;
}

/** Of what renderTime made: microseconds since 1970, as digits. */
export function microseconds(time: string): string {
  const seconds = Date.parse(`${time.slice(0, -13)}Z`) / 1000;
  return `${seconds}${time.slice(-12, -6)}`;
}
