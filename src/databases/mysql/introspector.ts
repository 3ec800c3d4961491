import type { Introspector } from '../../engine/ports/introspector.ts';
import { type TableName, tableId } from '../../model/table-name.ts';
import type {
  CheckSchema,
  ColumnSchema,
  IndexSchema,
  KeySchema,
  TableSchema,
} from '../../model/table-schema.ts';
import {
  type CatalogRow,
  catalogRows,
  CHECKS,
  COLUMNS,
  FOREIGN_KEY_RULES,
  FOREIGN_KEYS,
  INDEXES,
  TABLES,
} from './catalog-queries.ts';
import { OURS } from './capture/capture-tables.ts';
import type { Pool } from './connections/pool.ts';
import { describeQuery } from './describe-query.ts';
import type { Session } from './connections/session.ts';
import type { LedgerNames } from './ledger/ledger-sql.ts';
import { list, literal } from './sql/names.ts';
import { expressionsOf, neutralDefaultOf } from './structure/expression-style.ts';
import { type FoundIndex, foreignKeysOf, indexesOf } from './structure/found-keys.ts';
import { parseType } from './types/type-text.ts';

const nameOf = (row: CatalogRow): TableName => ({ schema: row['schema'] ?? '', name: row['table'] ?? '' });
const numberOf = (text: string | null | undefined): number | null =>
  text === null || text === undefined ? null : Number(text);

/** Rows of a query by the table they belong to, in their order. */
function byTable(rows: readonly CatalogRow[]): (table: TableName) => readonly CatalogRow[] {
  const groups = new Map<string, CatalogRow[]>();
  for (const row of rows) {
    const id = tableId(nameOf(row));
    const group = groups.get(id) ?? [];
    groups.set(id, group);
    group.push(row);
  }
  return (table) => groups.get(tableId(table)) ?? [];
}

/** MariaDB's JSON: a LONGTEXT with this check. */
const isJsonCheck = (clause: string): boolean => /^json_valid\(`(?:[^`]|``)+`\)$/i.test(clause);

/** MariaDB writes a default as SQL, MySQL the bare text of it unless it is an expression. */
function defaultOf(row: CatalogRow, flavour: 'mysql' | 'mariadb'): string | null {
  const text = row['default'] ?? null;
  if (text === null || (flavour === 'mariadb' && text === 'NULL')) return null;
  if (flavour === 'mariadb' || (row['extra'] ?? '').includes('DEFAULT_GENERATED')) return text;
  const isNumber = numberOf(row['precision']) !== null;
  return isNumber || /^current_timestamp/i.test(text) || text.startsWith("b'") ? text : literal(text);
}

function toColumn(row: CatalogRow, json: ReadonlySet<string>, flavour: 'mysql' | 'mariadb'): ColumnSchema {
  const type = row['type'] ?? '';
  const name = row['name'] ?? '';
  const isTimed = numberOf(row['fraction']) !== null;
  const parsed = parseType(type);
  const text = defaultOf(row, flavour);
  const neutral = neutralDefaultOf(text);
  const onUpdate = /\bon update ((?:current_timestamp|now)(?:\(\d?\))?)/i.exec(row['extra'] ?? '')?.[1];
  return {
    name,
    type,
    baseType: json.has(name) ? 'json' : parsed.base,
    precision: numberOf(isTimed ? row['fraction'] : row['precision']),
    scale: numberOf(row['scale']),
    maxChars: /char$|text$/.test(parsed.base) ? numberOf(row['chars']) : null,
    nullable: row['nullable'] === 'YES',
    default: text,
    ...(neutral && { neutralDefault: neutral }),
    ...(onUpdate !== undefined && { onUpdate }),
    identity: (row['extra'] ?? '').includes('auto_increment') ? 'by-default' : null,
    generated: row['generated'] ? row['generated'] : null,
    collation: row['collation'] ?? null,
    enumLabels: parsed.base === 'enum' ? parsed.labels : null,
    comment: row['comment'] ? row['comment'] : null,
  };
}

function asIndex(found: FoundIndex): IndexSchema {
  const { usable: _, ...index } = found;
  return index;
}

const keyOf = ({ name, columns }: FoundIndex): KeySchema => ({ name, columns });

/** The catalog's view of the named tables, in name order; six statements a schema, however many tables. */
export async function describeTables(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly TableSchema[]> {
  if (tables.length === 0) return [];
  const { flavour, foldsNames } = session.facts;
  const found = await catalogRows(session, TABLES, tables);
  const columnsOf = byTable(await catalogRows(session, COLUMNS, tables));
  const indexRowsOf = byTable(await catalogRows(session, INDEXES[flavour], tables));
  const foreignOf = byTable(await catalogRows(session, FOREIGN_KEYS, tables));
  const rulesOf = byTable(await catalogRows(session, FOREIGN_KEY_RULES, tables));
  const checksOf = byTable(await catalogRows(session, CHECKS[flavour], tables));
  const asked = new Set(tables.map((table) => tableId(table)));
  return found.flatMap((row): TableSchema[] => {
    const table = nameOf(row);
    // A comparison of the catalog's may be wider than the server's own.
    if (!foldsNames && !asked.has(tableId(table))) return [];
    const checks = checksOf(table);
    const json = new Set(
      checks.flatMap((check) =>
        isJsonCheck(check['clause'] ?? '')
          ? [(check['clause'] ?? '').slice('json_valid(`'.length, -2).replaceAll('``', '`')]
          : [],
      ),
    );
    const columns = columnsOf(table).map((column) => toColumn(column, json, flavour));
    const parse = expressionsOf(columns);
    const indexes = indexesOf(table, indexRowsOf(table), { columns, parse });
    const primary = indexes.find(({ name, usable }) => name === 'PRIMARY' && usable);
    const others = indexes.filter(({ name }) => name !== 'PRIMARY');
    return [
      {
        table,
        product: 'mysql',
        kind: (row['options'] ?? '').includes('partitioned') ? 'partitioned' : 'table',
        parent: null,
        columns,
        primaryKey: primary ? keyOf(primary) : null,
        uniqueKeys: others.filter(({ usable }) => usable).map(keyOf),
        indexes: others.map(asIndex),
        foreignKeys: foreignKeysOf(foreignOf(table), rulesOf(table)),
        checks: checks
          .filter((check) => !isJsonCheck(check['clause'] ?? ''))
          .map(
            (check): CheckSchema => ({
              name: check['name'] ?? '',
              definition: `CHECK (${check['clause']})`,
              expression: parse(check['clause'] ?? ''),
            }),
          ),
        comment: row['comment'] ? row['comment'] : null,
        estimatedRows: numberOf(row['rows']),
        estimatedBytes: numberOf(row['bytes']),
      },
    ];
  });
}

/** Tables of the connection's own database; those of others are named with it and described all the same. */
const renderList = ({ schema, bare }: LedgerNames): string =>
  `SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES
   WHERE TABLE_SCHEMA = ${literal(schema)} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_NAME NOT IN (${list(bare.map(literal))}) AND TABLE_COMMENT <> ${literal(OURS)}
   ORDER BY BINARY TABLE_NAME`;

export function createIntrospector(pool: Pool, names: LedgerNames): Introspector {
  return {
    listTables: (signal) =>
      pool.use(async (session) => {
        const { rows } = await session.query(renderList(names));
        return rows.map(([schema, name, estimate]) => ({
          table: { schema: schema ?? '', name: name ?? '' },
          estimatedRows: numberOf(estimate),
        }));
      }, signal),
    describeTables: (tables, signal) => pool.use((session) => describeTables(session, tables), signal),
    describeQuery: (query, signal) => describeQuery(pool, query, signal),
  };
}
