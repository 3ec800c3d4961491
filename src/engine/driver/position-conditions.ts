/** A column of an order, and a value that it is compared with, as SQL. */
export interface OrderedValue {
  readonly column: string;
  readonly value: string;
  readonly descending: boolean;
}

/** `rows`: the server uses an index for a comparison of rows; `spelled`: it does not. */
export type ComparisonStyle = 'rows' | 'spelled';

const spelled = (at: readonly OrderedValue[], isUpTo: boolean): string => {
  const [first, ...rest] = at;
  if (!first) return isUpTo ? 'TRUE' : 'FALSE';
  const { column, value, descending } = first;
  const strict = `${column} ${descending === isUpTo ? '>' : '<'} ${value}`;
  if (rest.length === 0) return isUpTo ? `${column} ${descending ? '>=' : '<='} ${value}` : strict;
  return `(${strict} OR (${column} = ${value} AND ${spelled(rest, isUpTo)}))`;
};

function render(at: readonly OrderedValue[], style: ComparisonStyle, isUpTo: boolean): string {
  const descending = at[0]?.descending ?? false;
  const isOneWay = at.every((each) => each.descending === descending);
  if (style === 'spelled' || !isOneWay || at.length < 2) return spelled(at, isUpTo);
  const operator = descending === isUpTo ? '>' : '<';
  const row = (of: 'column' | 'value'): string => `(${at.map((each) => each[of]).join(', ')})`;
  return `${row('column')} ${operator}${isUpTo ? '=' : ''} ${row('value')}`;
}

/** Condition of rows behind a position in an order whose columns are never NULL. */
export const renderBehind = (at: readonly OrderedValue[], style: ComparisonStyle): string =>
  render(at, style, false);

/** Condition of rows before a position, and at it. */
export const renderUpTo = (at: readonly OrderedValue[], style: ComparisonStyle): string =>
  render(at, style, true);
