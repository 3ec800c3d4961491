/** What SQLite does to values of a column. `exact`: nothing at all (no declared type, BLOB, and ANY of strict tables). */
export type Affinity = 'integer' | 'real' | 'numeric' | 'text' | 'exact';

/**
 * The affinity of a declared type, by SQLite's own rules and in their order.
 *
 * ANY has no affinity in a STRICT table and NUMERIC in any other; the name alone does not tell, and taking it as
 * `exact` is right for reading both.
 * @see https://www.sqlite.org/datatype3.html#determination_of_column_affinity
 */
export function affinityOf(declaredType: string): Affinity {
  const type = declaredType.toUpperCase();
  if (type.trim() === '' || type.trim() === 'ANY') return 'exact';
  if (type.includes('INT')) return 'integer';
  if (type.includes('CHAR') || type.includes('CLOB') || type.includes('TEXT')) return 'text';
  if (type.includes('BLOB')) return 'exact';
  if (type.includes('REAL') || type.includes('FLOA') || type.includes('DOUB')) return 'real';
  return 'numeric';
}
