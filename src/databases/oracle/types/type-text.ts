/** `TIMESTAMP(6) WITH TIME ZONE` -> base without numbers, [6]; `VARCHAR2(40 CHAR)` -> VARCHAR2, [40], in characters. */
export interface TypeText {
  readonly base: string;
  readonly args: readonly number[];
  /** A length in characters; else in bytes. NVARCHAR2 and NCHAR count UTF-16 units, which are characters here. */
  readonly inChars: boolean;
}

const ALIASES: Readonly<Record<string, string>> = {
  INTEGER: 'NUMBER',
  INT: 'NUMBER',
  SMALLINT: 'NUMBER',
  DECIMAL: 'NUMBER',
  NUMERIC: 'NUMBER',
  DEC: 'NUMBER',
  REAL: 'FLOAT',
  'DOUBLE PRECISION': 'FLOAT',
  VARCHAR: 'VARCHAR2',
  'SYS.XMLTYPE': 'XMLTYPE',
  BOOL: 'BOOLEAN',
};
const WHOLE = new Set(['INTEGER', 'INT', 'SMALLINT', 'DECIMAL', 'NUMERIC', 'DEC']);

export function parseType(type: string): TypeText {
  const args: number[] = [];
  let inChars = false;
  const bare = type
    .toUpperCase()
    .replaceAll(/\(([^)]*)\)/g, (_, inner: string) => {
      inChars ||= /\bCHAR\b/.test(inner);
      const numbers = inner.split(',').map((part) => (part.trim() === '*' ? 38 : Number.parseInt(part, 10)));
      args.push(...numbers.filter(Number.isFinite));
      return ' ';
    })
    .replaceAll(/\s+/g, ' ')
    .trim();
  const base = ALIASES[bare] ?? bare;
  if (WHOLE.has(bare) && args.length === 0) return { base, args: [38, 0], inChars };
  // A precision alone is one of whole numbers.
  if (base === 'NUMBER' && args.length === 1) return { base, args: [...args, 0], inChars };
  return { base, args, inChars: inChars || base === 'NVARCHAR2' || base === 'NCHAR' };
}

export const isLob = (base: string): boolean => ['CLOB', 'NCLOB', 'BLOB'].includes(base);
export const isNational = (base: string): boolean => ['NVARCHAR2', 'NCHAR', 'NCLOB'].includes(base);

/** What every database takes; some are set to take more. */
export const MOST_BYTES: Readonly<Record<string, number>> = {
  VARCHAR2: 4_000,
  NVARCHAR2: 4_000,
  CHAR: 2_000,
  NCHAR: 2_000,
  RAW: 2_000,
};

const DEFAULTS: Readonly<Record<string, readonly number[]>> = {
  CHAR: [1],
  NCHAR: [1],
  TIMESTAMP: [6],
  'TIMESTAMP WITH TIME ZONE': [6],
  'TIMESTAMP WITH LOCAL TIME ZONE': [6],
  'INTERVAL YEAR TO MONTH': [2],
  'INTERVAL DAY TO SECOND': [2, 6],
  FLOAT: [126],
};

/** The numbers of a type, with those that go without saying. */
export function argsOf({ base, args }: TypeText): readonly number[] {
  const known = DEFAULTS[base] ?? [];
  return [...args, ...known.slice(args.length)];
}

/** The same column, however its type is spelled. */
export function sameType(a: string, b: string): boolean {
  const [left, right] = [parseType(a), parseType(b)];
  if (left.base !== right.base || argsOf(left).join() !== argsOf(right).join()) return false;
  const counted = left.base === 'VARCHAR2' || left.base === 'CHAR';
  return !counted || left.inChars === right.inChars;
}
