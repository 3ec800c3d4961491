const DATE = String.raw`(\d{4,})-(\d\d)-(\d\d)`;
const TIME = String.raw`(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?`;
const ZONE = String.raw`(Z|[+-]\d\d(?::?\d\d(?::\d\d)?)?)`;
const ONLY_DATE = new RegExp(`^${DATE}( BC)?$`);
const ONLY_TIME = new RegExp(`^${TIME}$`);
const ZONED_TIME = new RegExp(`^${TIME}\\s?${ZONE}$`, 'i');
const DATE_TIME = new RegExp(`^${DATE}(?:[ T]${TIME})?\\s?${ZONE}?( BC)?$`, 'i');
/** What most timestamps look like: canonical already, on a day that every month has. */
const PLAIN = /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;
const INFINITE = new Set(['infinity', '-infinity']);

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Years before 1 are counted as in `0044-03-15 BC`; the year before 1 is 1 BC, a leap year. */
function validDate(year: string, month: string, day: string, era: string): boolean {
  const days = DAYS[Number(month) - 1];
  const number = era === '' ? Number(year) : 1 - Number(year);
  if (days === undefined || Number(year) < 1 || Number(day) < 1 || Number(day) > days) return false;
  return month !== '02' || day !== '29' || (number % 4 === 0 && (number % 100 !== 0 || number % 400 === 0));
}

/** `24:00:00` is a time in PostgreSQL. */
const validTime = (hour: string, minute: string, second: string): boolean =>
  (Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60) ||
  (hour === '24' && minute === '00' && second === '00');

/** `.ffffff` without trailing zeros; null where more digits than the precision stand there. */
function fractionText(digits: string | undefined, precision: number): string | null {
  const cut = (digits ?? '').replace(/0+$/, '');
  if (cut.length > precision) return null;
  return cut === '' ? '' : `.${cut}`;
}

/** Minutes east of Greenwich. */
function zoneMinutes(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const size = Number(hours) * 60 + Number(minutes ?? 0);
  return sign === '-' ? -size : size;
}

/** `+05`, `+05:30` or `+05:30:15`, as PostgreSQL prints a zone. */
function zoneText(zone: string): string {
  if (zone.toUpperCase() === 'Z') return '+00';
  const [hours = '', minutes = '00', seconds = '00'] = zone.slice(1).match(/\d\d/g) ?? [];
  const rest = seconds !== '00' ? `:${minutes}:${seconds}` : minutes === '00' ? '' : `:${minutes}`;
  return `${zone.slice(0, 1)}${hours}${rest}`;
}

/** Canonical text of a date, or null where the text is none. */
export function dateText(text: string): string | null {
  if (INFINITE.has(text)) return text;
  const [, year, month = '', day = '', era = ''] = ONLY_DATE.exec(text) ?? [];
  return year !== undefined && validDate(year, month, day, era) ? text : null;
}

/** Canonical text of a time of day, or null; a zone is kept as it is written, in PostgreSQL's spelling. */
export function timeText(text: string, precision: number, zone: boolean): string | null {
  const [, hour = '', minute = '', second = '00', digits, offset] =
    (zone ? ZONED_TIME : ONLY_TIME).exec(text) ?? [];
  const fraction = fractionText(digits, precision);
  if (hour === '' || fraction === null || !validTime(hour, minute, second)) return null;
  if (hour === '24' && fraction !== '') return null;
  const time = `${hour}:${minute}:${second}${fraction}`;
  if (offset === undefined) return time;
  return time + zoneText(offset);
}

interface Parts {
  readonly date: string;
  readonly time: string;
  readonly fraction: string;
  readonly zone: string | null;
  readonly era: string;
}

function timestampParts(text: string, precision: number): Parts | null {
  const [, year, month = '', day = '', hour = '00', minute = '00', second = '00', digits, zone, era = ''] =
    DATE_TIME.exec(text) ?? [];
  const fraction = fractionText(digits, precision);
  if (year === undefined || fraction === null) return null;
  if (!validDate(year, month, day, era) || hour === '24' || !validTime(hour, minute, second)) return null;
  return {
    date: `${year}-${month}-${day}`,
    time: `${hour}:${minute}:${second}`,
    fraction,
    zone: zone ?? null,
    era: era.toUpperCase(),
  };
}

/** Canonical text of a timestamp without a zone, or null: a text with a zone is none, for dropping it would alter it. */
export function timestampText(text: string, precision: number): string | null {
  if (PLAIN.test(text) || INFINITE.has(text)) return text;
  const parts = timestampParts(text, precision);
  if (parts === null || parts.zone !== null) return null;
  return `${parts.date} ${parts.time}${parts.fraction}${parts.era}`;
}

/**
 * Canonical text, in UTC, of a moment, or null. Text without a zone is UTC, as SQLite's own functions take it. Offsets
 * are only worked out for the years 1 to 9999 of our era.
 */
export function timestamptzText(text: string, precision: number): string | null {
  if (INFINITE.has(text)) return text;
  const parts = timestampParts(text, precision);
  if (parts === null) return null;
  const offset = zoneMinutes(parts.zone ?? 'Z');
  if (offset === 0) return `${parts.date} ${parts.time}${parts.fraction}+00${parts.era}`;
  if (parts.era !== '' || parts.date.length > 10) return null;
  const moment = Date.parse(`${parts.date}T${parts.time}Z`) - offset * 60_000;
  const utc = Number.isNaN(moment) ? '' : new Date(moment).toISOString();
  if (!/^(?!0000)\d{4}-/.test(utc)) return null;
  return `${utc.slice(0, 10)} ${utc.slice(11, 19)}${parts.fraction}+00`;
}
