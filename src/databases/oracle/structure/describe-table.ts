import type { TableName } from '../../../model/table-name.ts';
import type {
  CheckSchema,
  ColumnSchema,
  IndexSchema,
  SequenceSchema,
  TableSchema,
} from '../../../model/table-schema.ts';
import type { CatalogRow } from '../sql/catalog-queries.ts';
import { sequenceIn } from '../sql/sequence-sql.ts';
import { expressionsOf, neutralDefaultOf, type ParseSql } from './expression-style.ts';
import { type FoundIndex, foreignKeyOf, groups, indexOf, keysOf, withConstraints } from './found-keys.ts';

/** What the catalog says of one table. */
export interface CatalogTable {
  readonly table: TableName;
  readonly row: CatalogRow;
  readonly columns: readonly CatalogRow[];
  readonly constraints: readonly CatalogRow[];
  readonly indexes: readonly CatalogRow[];
  /** Sequences that defaults draw from. */
  readonly sequence?: (name: TableName) => CatalogRow | undefined;
}

const numberOf = (text: string | null | undefined): number | null =>
  text === null || text === undefined ? null : Number(text);

const COUNTED = new Set(['VARCHAR2', 'CHAR']);

/** The type as Oracle takes it: the catalog has its numbers apart. */
export function typeOf(row: CatalogRow): string {
  const type = row['type'] ?? '';
  const [precision, scale] = [row['precision'] ?? null, row['scale'] ?? null];
  if (type === 'NUMBER') {
    if (precision === null) return scale === null ? 'NUMBER' : `NUMBER(*,${scale})`;
    return scale === null || scale === '0' ? `NUMBER(${precision})` : `NUMBER(${precision},${scale})`;
  }
  if (type === 'FLOAT') return `FLOAT(${precision ?? 126})`;
  if (COUNTED.has(type))
    return row['charUsed'] === 'C' ? `${type}(${row['chars']} CHAR)` : `${type}(${row['length']})`;
  if (type === 'NVARCHAR2' || type === 'NCHAR') return `${type}(${row['chars']})`;
  if (type === 'RAW' || type === 'UROWID') return `${type}(${row['length']})`;
  const owner = row['typeOwner'] ?? null;
  return owner === null || type === 'XMLTYPE' ? type : `${owner}.${type}`;
}

/** Texts are compared by their bytes where the session says so, and nothing else does. */
function collationOf(row: CatalogRow, charset: string): string | null {
  const collation = row['collation'] ?? null;
  if (collation === null && row['chars'] === null) return null;
  const isBinary = collation === null || collation === 'USING_NLS_COMP' || collation === 'BINARY';
  return isBinary ? (charset === 'AL32UTF8' ? 'BINARY' : null) : collation;
}

function sequenceOf(given: string | null, find: CatalogTable['sequence']): SequenceSchema | null {
  const name = sequenceIn(given);
  const row = name && find?.(name);
  if (!row) return null;
  const cell = (of: string): string => row[of] ?? '';
  return {
    name,
    owned: false,
    type: 'NUMBER',
    start: cell('start'),
    increment: cell('increment'),
    min: cell('min'),
    max: cell('max'),
    cache: cell('cache'),
    cycle: cell('cycle') === 'Y',
  };
}

function toColumn(row: CatalogRow, charset: string, find: CatalogTable['sequence']): ColumnSchema {
  const type = typeOf(row);
  const text = (row['default'] ?? '').trim();
  const isVirtual = row['virtual'] === 'YES';
  const identity = row['identity'] ?? null;
  // The default of an identity is its sequence.
  const given = isVirtual || identity !== null || text === '' ? null : text;
  const neutral = neutralDefaultOf(given);
  const sequence = sequenceOf(given, find);
  return {
    name: row['name'] ?? '',
    type,
    baseType: (row['type'] ?? '').replaceAll(/\([^)]*\)/g, ''),
    precision: numberOf(row['precision']),
    scale: numberOf(row['scale']),
    maxChars: /CHAR/.test(row['type'] ?? '') ? numberOf(row['chars']) : null,
    nullable: row['nullable'] !== 'N',
    default: given,
    ...(neutral && { neutralDefault: neutral }),
    ...(sequence && { sequence }),
    identity: identity === null ? null : identity === 'ALWAYS' ? 'always' : 'by-default',
    generated: isVirtual ? text : null,
    collation: collationOf(row, charset),
    enumLabels: null,
    comment: row['comment'] ?? null,
  };
}

const isNotNull = (condition: string): boolean => /^"[^"]+" IS NOT NULL$/.test(condition);

/** What stands behind a constraint that is switched off, or was never looked at. */
const stateOf = (row: CatalogRow): string =>
  row['status'] === 'DISABLED' ? ' DISABLE' : row['trusted'] === 'Y' ? '' : ' ENABLE NOVALIDATE';

function checksOf(rows: readonly (readonly CatalogRow[])[], parse: ParseSql): readonly CheckSchema[] {
  return rows.flatMap(([first]) => {
    const condition = first?.['condition'] ?? '';
    if (first?.['type'] !== 'C' || isNotNull(condition)) return [];
    const state = stateOf(first);
    const expression = parse(condition);
    return [
      {
        name: first['name'] ?? '',
        definition: `CHECK (${condition})${state}`,
        // Rows may break it: nobody else can say such a thing.
        expression: state === '' ? expression : { ...expression, neutral: null },
      },
    ];
  });
}

function asIndex(found: FoundIndex): IndexSchema {
  const { usable: _, ...index } = found;
  return index;
}

/** @param charset  of the database: only in one of Unicode are bytes in the order of letters */
export function describeTable(found: CatalogTable, charset: string): TableSchema {
  const { table, row } = found;
  const columns = found.columns.map((column) => toColumn(column, charset, found.sequence));
  const parse = expressionsOf(columns);
  const constraints = groups(found.constraints);
  const ofUnique = new Set(
    found.constraints.flatMap((each) => (each['type'] === 'U' ? (each['index'] ?? []) : [])),
  );
  const all = groups(found.indexes).flatMap((parts) => indexOf(table, parts, { columns, parse }));
  const indexes = withConstraints(table, all, { constraints, columns });
  // Of a constraint the index says nothing new: whether it may be trusted, the constraint says.
  const keyless = indexes
    .filter(({ name, usable }) => usable && !ofUnique.has(name))
    .map(({ name, columns: on }) => ({ name, columns: on }));
  return {
    table,
    product: 'oracle',
    kind: row['partitioned'] === 'YES' ? 'partitioned' : 'table',
    parent: null,
    columns,
    primaryKey: keysOf(constraints, 'P', columns)[0] ?? null,
    uniqueKeys: [...keysOf(constraints, 'U', columns), ...keyless],
    indexes: indexes.map(asIndex),
    foreignKeys: constraints.filter(([first]) => first?.['type'] === 'R').map(foreignKeyOf),
    checks: checksOf(constraints, parse),
    comment: row['comment'] ?? null,
    estimatedRows: numberOf(row['rows']),
    estimatedBytes: numberOf(row['bytes']),
  };
}
