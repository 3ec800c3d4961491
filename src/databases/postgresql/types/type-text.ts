/** A type text without its parameters, and these: `timestamp(3) with time zone` -> `timestamp with time zone`, [3]. */
export interface TypeText {
  readonly base: string;
  readonly args: readonly number[];
}

export const ALIASES: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int: 'integer',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  bool: 'boolean',
  varchar: 'character varying',
  char: 'character',
  bpchar: 'character',
  decimal: 'numeric',
  varbit: 'bit varying',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  time: 'time without time zone',
  timetz: 'time with time zone',
};

export function parseType(type: string): TypeText {
  const match = /^([^(]*)\(([^)]*)\)(.*)$/.exec(type);
  const text = match ? `${match[1]}${match[3]}` : type;
  const base = text.replace(/ {2,}/g, ' ').trim();
  const args = match ? (match[2] ?? '').split(',').map(Number).filter(Number.isFinite) : [];
  return { base: ALIASES[base] ?? base, args };
}
