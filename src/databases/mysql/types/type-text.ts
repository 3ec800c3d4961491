/** `int(10) unsigned` -> int, [10], unsigned. */
export interface TypeText {
  readonly base: string;
  readonly args: readonly number[];
  readonly unsigned: boolean;
  readonly zerofill: boolean;
  readonly labels: readonly string[];
}

const ALIASES: Readonly<Record<string, string>> = {
  integer: 'int',
  numeric: 'decimal',
  dec: 'decimal',
  fixed: 'decimal',
  real: 'double',
  'double precision': 'double',
  'character varying': 'varchar',
  character: 'char',
};

/** `'a','b''c'` -> a, b'c. */
const labelsOf = (text: string): readonly string[] =>
  [...text.matchAll(/'((?:[^'\\]|''|\\[\s\S])*)'/g)].map(([, label = '']) =>
    label.replaceAll("''", "'").replaceAll(/\\([\s\S])/g, '$1'),
  );

export function parseType(type: string): TypeText {
  const [open, close] = [type.indexOf('('), type.lastIndexOf(')')];
  const inner = open === -1 ? '' : type.slice(open + 1, close);
  const outer = open === -1 ? type : `${type.slice(0, open)} ${type.slice(close + 1)}`;
  const [name = '', ...words] = outer.toLowerCase().trim().split(/\s+/);
  const base = ALIASES[`${name} ${words.join(' ')}`.trim()] ?? ALIASES[name] ?? name;
  const isList = base === 'enum' || base === 'set';
  if (base === 'bool' || base === 'boolean')
    return { base: 'tinyint', args: [1], unsigned: false, zerofill: false, labels: [] };
  return {
    base,
    args: isList || inner === '' ? [] : inner.split(',').map(Number).filter(Number.isFinite),
    unsigned: words.includes('unsigned') || words.includes('zerofill'),
    zerofill: words.includes('zerofill'),
    labels: isList ? labelsOf(inner) : [],
  };
}

/** Bits of the integer types. */
export const INT_BITS: Readonly<Record<string, number>> = {
  tinyint: 8,
  smallint: 16,
  mediumint: 24,
  int: 32,
  bigint: 64,
};

/** Bytes that the types without a length of their own hold; with utf8mb4 a quarter of it in characters at worst. */
export const CAPACITY: Readonly<Record<string, number>> = {
  tinytext: 255,
  text: 65_535,
  mediumtext: 16_777_215,
  longtext: 4_294_967_295,
  tinyblob: 255,
  blob: 65_535,
  mediumblob: 16_777_215,
  longblob: 4_294_967_295,
};

/** The convention of all connectors. */
export const isBoolean = (type: TypeText): boolean =>
  type.base === 'tinyint' && type.args[0] === 1 && !type.unsigned;

/** The same column, whatever width an integer is shown with. */
export function sameType(a: string, b: string): boolean {
  const [left, right] = [parseType(a), parseType(b)];
  if (left.base !== right.base || left.unsigned !== right.unsigned) return false;
  if (INT_BITS[left.base] !== undefined) return true;
  const defaults: Readonly<Record<string, readonly number[]>> = {
    decimal: [10, 0],
    bit: [1],
    char: [1],
    binary: [1],
    datetime: [0],
    timestamp: [0],
    time: [0],
  };
  const argsOf = ({ base, args }: TypeText): string => {
    const known = defaults[base] ?? [];
    if (base === 'year' || base === 'float' || base === 'double') return '';
    return [...args, ...known.slice(args.length)].join();
  };
  return argsOf(left) === argsOf(right) && left.labels.join('\0') === right.labels.join('\0');
}
