/** `1.5e+20` with at least two digits in the exponent, as PostgreSQL prints it. */
const scientific = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2');

/** Shortest text that reads back as the same double, in PostgreSQL's form: `1e+20`, `1e-05`, `-0`, `Infinity`, `NaN`. */
export function float64Text(value: number): string {
  const size = Math.abs(value);
  if (size < 1e15 && size >= 1e-4) return String(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return Number.isFinite(value) ? scientific(value.toExponential()) : String(value);
}

/** Shortest text that reads back as the same 4-byte float, in PostgreSQL's form, which is scientific from 1e+06 on. */
export function float32Text(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return float64Text(value);
  for (let digits = 0; digits < 9; digits += 1) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) !== value) continue;
    const size = Math.abs(value);
    return size < 1e6 && size >= 1e-4 ? String(Number(text)) : scientific(text);
  }
  return float64Text(value);
}

/** A finite double in plain decimal digits, from its shortest text: `1e-7` is `0.0000001`. */
export function plainDecimal(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return Object.is(value, -0) ? '0' : text;
  const [, sign = '', whole = '', fraction = '', power = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(power);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, '0');
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
