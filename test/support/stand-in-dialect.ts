import { Type } from '@sinclair/typebox';
import type { Capabilities, Dialect } from '../../src/engine/ports/dialect.ts';
import type { TypeMap } from '../../src/engine/ports/type-map.ts';
import type { ErrorCode } from '../../src/model/error-codes.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';
import type { ColumnSchema, TableSchema } from '../../src/model/table-schema.ts';

/** A column with nothing special about it. */
export const standInColumn = (
  name: string,
  type: string,
  changes: Partial<ColumnSchema> = {},
): ColumnSchema => ({
  name,
  type,
  baseType: type,
  precision: null,
  scale: null,
  maxChars: null,
  nullable: false,
  default: null,
  identity: null,
  generated: null,
  collation: null,
  enumLabels: null,
  comment: null,
  ...changes,
});

/** A table with a primary key or none. */
export const standInTable = (
  name: string,
  columns: readonly ColumnSchema[],
  key: readonly string[] | null,
): TableSchema => ({
  table: { schema: 'main', name },
  product: 'stand-in',
  kind: 'table',
  parent: null,
  columns,
  primaryKey: key ? { name: `${name}_key`, columns: key } : null,
  uniqueKeys: [],
  indexes: [],
  foreignKeys: [],
  checks: [],
  comment: null,
  estimatedRows: null,
  estimatedBytes: null,
});

const TYPES: TypeMap = {
  reading: (column) =>
    column.baseType === 'unreadable'
      ? null
      : { logical: { kind: 'text', maxChars: null }, render: `"${column.name}"`, note: null },
  propose: () => 'text',
  writing: (_, column) =>
    column.type === 'unwritable' ? null : { load: null, render: `"${column.name}"`, exact: true, note: null },
  binaryCompatible: (source, targetType) => source.type === targetType && source.type !== 'text-only',
  portableOrder: (column) => column.type !== 'collated',
};

/** A dialect without a database: names, flags and a type map in which nearly all is text. */
export const standInDialect = (
  name: string,
  changes: { readonly capabilities?: Partial<Capabilities>; readonly types?: Partial<TypeMap> } = {},
): Dialect => ({
  name,
  capabilities: {
    concurrentWriters: true,
    transactionalDdl: true,
    keysAfterRows: false,
    schemas: false,
    emptyStringIsNull: false,
    identifierBytes: null,
    maxColumns: 1_000,
    removesOneOfSame: true,
    rowAddress: { type: 'rowid', needsSnapshot: false },
    ...changes.capabilities,
  },
  settings: Type.Object({}),
  types: { ...TYPES, ...changes.types },
  parseUrl: () => ({}),
  maskUrl: (url) => url,
  open: () => Promise.reject(new Error('there is no database')),
  classify: (error): ErrorCode => (isSluiceError(error) ? error.code : 'internal'),
  quote: (identifier) => `"${identifier.replaceAll('"', '""')}"`,
});
