import type { TableName } from '../../../../model/table-name.ts';
import type { CatalogQuery } from '../../sql/catalog-queries.ts';
import { qualified, quote, type Statement } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-names.ts';

/** A user's SQL is parsed and resolved, and run on no row. */
export const renderCheckCondition = (table: TableName, sql: string): string =>
  `SELECT 1 FROM ${qualified(table)} WHERE 1 = 0 AND (\n${sql}\n)`;
export const renderCheckExpression = (table: TableName, sql: string): string =>
  `SELECT 1 FROM ${qualified(table)} WHERE 1 = 0 AND (\n${sql}\n) IS NULL`;

/** Triggers of our schema, whatever their table, and whether they are compiled. */
export const renderStanding = ({ schema, prefix }: CaptureNames): Statement => ({
  text: "SELECT T.TRIGGER_NAME, T.TABLE_OWNER, T.TABLE_NAME, T.STATUS, O.STATUS FROM ALL_TRIGGERS T JOIN ALL_OBJECTS O ON O.OWNER = T.OWNER AND O.OBJECT_NAME = T.TRIGGER_NAME AND O.OBJECT_TYPE = 'TRIGGER' WHERE T.OWNER = :schema AND SUBSTR(T.TRIGGER_NAME, 1, LENGTH(:prefix)) = :prefix AND T.BASE_OBJECT_TYPE = 'TABLE' ORDER BY T.TRIGGER_NAME",
  binds: { schema, prefix },
});

/** Their texts as they were given, line by line. */
export const renderSources = ({ schema, prefix }: CaptureNames): Statement => ({
  text: "SELECT S.NAME, S.TEXT FROM ALL_SOURCE S WHERE S.OWNER = :schema AND S.TYPE = 'TRIGGER' AND SUBSTR(S.NAME, 1, LENGTH(:prefix)) = :prefix ORDER BY S.NAME, S.LINE",
  binds: { schema, prefix },
});

/** What the catalog says of a table besides its structure. */
export const TABLE_FACTS: CatalogQuery = {
  names: ['schema', 'table', 'temporary', 'deferrable', 'readOnly'],
  select:
    "T.OWNER, T.TABLE_NAME, T.TEMPORARY, (SELECT MAX(K.DEFERRABLE) FROM ALL_CONSTRAINTS K WHERE K.OWNER = T.OWNER AND K.TABLE_NAME = T.TABLE_NAME AND K.CONSTRAINT_TYPE = 'P'), T.READ_ONLY",
  from: 'ALL_TABLES T',
  owner: 'T.OWNER',
  table: 'T.TABLE_NAME',
  order: 'T.OWNER, T.TABLE_NAME',
};

/** Triggers of others that act behind a statement. */
export const OTHER_TRIGGERS: CatalogQuery = {
  names: ['schema', 'table', 'owner', 'name'],
  select: 'T.TABLE_OWNER, T.TABLE_NAME, T.OWNER, T.TRIGGER_NAME',
  from: 'ALL_TRIGGERS T',
  owner: 'T.TABLE_OWNER',
  table: 'T.TABLE_NAME',
  and: "T.STATUS = 'ENABLED' AND T.TRIGGER_TYPE IN ('AFTER STATEMENT', 'COMPOUND')",
  order: 'T.TABLE_OWNER, T.TABLE_NAME, T.OWNER, T.TRIGGER_NAME',
};

export const renderDropTrigger = ({ schema }: CaptureNames, name: string): string =>
  `DROP TRIGGER ${quote(schema)}.${quote(name)}`;

export const renderCompileTrigger = ({ schema }: CaptureNames, name: string): string =>
  `ALTER TRIGGER ${quote(schema)}.${quote(name)} COMPILE`;

/** Behind it no transaction is open that wrote to the table before. */
export const renderWaitForWriters = (table: TableName, seconds: number): string =>
  `LOCK TABLE ${qualified(table)} IN SHARE MODE WAIT ${seconds}`;

const COLUMNS =
  'SPEC = :spec, COLUMNS_RECORDED = :columns, KEY_COLUMNS = :keyColumns, DEFINITIONS = :definitions';

export const renderKnown = (names: CaptureNames): string =>
  `SELECT TO_CHAR(TABLE_NUMBER, 'TM9'), TABLE_SCHEMA, TABLE_NAME, SPEC, COLUMNS_RECORDED, KEY_COLUMNS, DEFINITIONS, CASE WHEN DROPPED_AT IS NULL THEN '1' ELSE '0' END FROM ${names.tables} ORDER BY TABLE_NUMBER`;
/** Under the lock of the table of numbers: none is given twice. */
export const renderAddKnown = (names: CaptureNames): string =>
  `INSERT INTO ${names.tables} (TABLE_NUMBER, TABLE_SCHEMA, TABLE_NAME, SPEC, COLUMNS_RECORDED, KEY_COLUMNS, DEFINITIONS, DEPLOYED_AT, DROPPED_AT) SELECT NVL(MAX(TABLE_NUMBER), 0) + 1, :schema, :name, '{}', '[]', '[]', :definitions, SYS_EXTRACT_UTC(SYSTIMESTAMP), SYS_EXTRACT_UTC(SYSTIMESTAMP) FROM ${names.tables}`;
export const renderWriteKnown = (names: CaptureNames): string =>
  `UPDATE ${names.tables} SET ${COLUMNS}, DEPLOYED_AT = SYS_EXTRACT_UTC(SYSTIMESTAMP), DROPPED_AT = NULL WHERE TABLE_NUMBER = TO_NUMBER(:tableNumber)`;
export const renderMarkDropped = (names: CaptureNames): string =>
  `UPDATE ${names.tables} SET DROPPED_AT = COALESCE(DROPPED_AT, SYS_EXTRACT_UTC(SYSTIMESTAMP)), DEFINITIONS = :definitions WHERE TABLE_NUMBER = TO_NUMBER(:tableNumber)`;
