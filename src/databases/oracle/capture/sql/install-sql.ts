import { type ColumnTypes, renderParkedTables } from '../../../../engine/capture/parking/parked-tables.ts';
import type { CaptureStaging } from '../../../../model/capture-spec.ts';
import type { Statement } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-names.ts';

/** Raised with every change of the tables below; an upgrade is a statement of its own. */
export const CAPTURE_VERSION = 2;
/** From which on events can be set apart, and existing rows loaded. */
export const PARKING_VERSION = 2;

/**
 * A text is in VARCHAR2 up to 4,000 bytes, and in a CLOB beyond, which costs a place of its own. Nothing here is UNIQUE or NOT NULL that
 * a trigger could violate.
 */
const EVENT_COLUMNS =
  'ID NUMBER(19) NOT NULL, TABLE_NUMBER NUMBER(10) NOT NULL, OPERATION VARCHAR2(1 BYTE) NOT NULL, TRANSACTION_ID VARCHAR2(64 BYTE), RECORDED_AT TIMESTAMP(6) NOT NULL, DB_USER VARCHAR2(512 BYTE), MESSAGE_KEY VARCHAR2(4000 BYTE), LONG_KEY CLOB, OLD_ROW VARCHAR2(4000 BYTE), OLD_LONG CLOB, NEW_ROW VARCHAR2(4000 BYTE), NEW_LONG CLOB, BYTES NUMBER(12)';

/**
 * Partitioned by id, so that whoever looks behind an id, or for a run of ids, reads the partitions that have them and no other: there is
 * no index, at whose right end all writers would meet. The server makes partitions by itself; the first one stays empty, for the last
 * one of the fixed ones cannot be dropped. ROW MOVEMENT: an event may get a later id before its statement ends.
 */
export const renderPartitioned = (
  names: CaptureNames,
  { partitionEvents, initrans }: CaptureStaging,
): string =>
  `CREATE TABLE ${names.events} (${EVENT_COLUMNS}) INITRANS ${initrans} PARTITION BY RANGE (ID) INTERVAL (${partitionEvents}) (PARTITION SLUICE_FIRST VALUES LESS THAN (1)) ENABLE ROW MOVEMENT`;

export const renderHeap = (names: CaptureNames, { initrans }: CaptureStaging): string =>
  `CREATE TABLE ${names.events} (${EVENT_COLUMNS}) INITRANS ${initrans}`;

/** Not unique: while it is rebuilt, and unusable, the server goes on to insert. */
export const renderIdIndex = (names: CaptureNames, { initrans }: CaptureStaging): string =>
  `CREATE INDEX ${names.byId} ON ${names.events} (ID) INITRANS ${initrans}`;

/**
 * ORDER: the instances of a cluster draw ascending ids together, so that of two events of a key the later one has the higher id. CACHE: a number that is
 * not kept in memory is a transaction of its own in the dictionary, which every row of the application would wait for; those that
 * are lost when a server falls are a gap that nobody fills. An id is never commit order.
 */
export const renderSequence = (names: CaptureNames): string =>
  `CREATE SEQUENCE ${names.ids} START WITH 1 INCREMENT BY 1 MAXVALUE 999999999999999999 CACHE 1000 NOCYCLE ORDER`;

const LANE = 'TRANSFER VARCHAR2(64 CHAR) NOT NULL, LANE NUMBER(10) NOT NULL';

/** Each of them commits by itself. `LOOKED` of a lane: src/engine/capture/id-gaps.ts. */
export const installStatements = (names: CaptureNames): readonly string[] => [
  `CREATE TABLE ${names.tables} (TABLE_NUMBER NUMBER(10) NOT NULL PRIMARY KEY, TABLE_SCHEMA VARCHAR2(128 BYTE) NOT NULL, TABLE_NAME VARCHAR2(128 BYTE) NOT NULL, SPEC CLOB NOT NULL, COLUMNS_RECORDED CLOB NOT NULL, KEY_COLUMNS CLOB NOT NULL, DEFINITIONS CLOB NOT NULL, DEPLOYED_AT TIMESTAMP(6) NOT NULL, DROPPED_AT TIMESTAMP(6))`,
  `CREATE TABLE ${names.lanes} (${LANE}, TABLE_NUMBERS CLOB, EPOCH VARCHAR2(64 BYTE), SEALED NUMBER(19) DEFAULT 0 NOT NULL, CONFIRMED NUMBER(19) DEFAULT 0 NOT NULL, LOOKED CLOB NOT NULL, PRIMARY KEY (TRANSFER, LANE))`,
  `CREATE TABLE ${names.claims} (${LANE}, CLAIM NUMBER(19) NOT NULL, RUNS CLOB NOT NULL, EVENTS NUMBER(10) NOT NULL, SEALED_AT TIMESTAMP(6) NOT NULL, CONFIRMED_AT TIMESTAMP(6), PRIMARY KEY (TRANSFER, LANE, CLAIM), FOREIGN KEY (TRANSFER, LANE) REFERENCES ${names.lanes} (TRANSFER, LANE) ON DELETE CASCADE)`,
];

const PARKED_TYPES: ColumnTypes = {
  big: 'NUMBER(19)',
  int: 'NUMBER(10)',
  name: 'VARCHAR2(64 CHAR)',
  table: 'VARCHAR2(512 CHAR)',
  word: 'VARCHAR2(16 CHAR)',
  text: 'VARCHAR2(4000 BYTE)',
  payload: ['VARCHAR2(1 BYTE)', 'VARCHAR2(64 BYTE)', 'TIMESTAMP(6)', 'VARCHAR2(512 BYTE)', 'CLOB'],
  tail: '',
  isPlain: true,
};

/** What version 2 has beside the tables of the first. */
export const laterStatements = (names: CaptureNames): readonly string[] => [
  ...renderParkedTables(names.parking, PARKED_TYPES, {
    ofLane: `, FOREIGN KEY (TRANSFER, LANE) REFERENCES ${names.lanes} (TRANSFER, LANE) ON DELETE CASCADE`,
    ofClaim: `, FOREIGN KEY (TRANSFER, LANE, CLAIM) REFERENCES ${names.claims} (TRANSFER, LANE, CLAIM) ON DELETE CASCADE`,
  }),
  `CREATE TABLE ${names.loads} (TRANSFER VARCHAR2(64 CHAR) NOT NULL, TABLE_NUMBER NUMBER(10) NOT NULL, GENERATION NUMBER(10) NOT NULL, DEFINITION CLOB NOT NULL, POSITION CLOB, EVENTS NUMBER(19) DEFAULT 0 NOT NULL, IS_DONE NUMBER(1) DEFAULT 0 NOT NULL, PRIMARY KEY (TRANSFER, TABLE_NUMBER))`,
];

/** Each version so far has only made tables. */
export const renderUpgraded = (names: CaptureNames): string =>
  `UPDATE ${names.installation} SET VERSION = ${CAPTURE_VERSION} WHERE VERSION < ${CAPTURE_VERSION}`;

/** The last one that is made: with it the capture is installed. */
export const renderInstallation = (names: CaptureNames): string =>
  `CREATE TABLE ${names.installation} (ONE NUMBER(1) NOT NULL PRIMARY KEY, ID VARCHAR2(64 BYTE) NOT NULL, VERSION NUMBER(10) NOT NULL, LEFT_BEHIND NUMBER(19) DEFAULT 0 NOT NULL, SWEPT NUMBER(19) DEFAULT 0 NOT NULL, INSTALLED_AT TIMESTAMP(6) NOT NULL)`;

export const renderFirstInstallation = (names: CaptureNames): string =>
  `INSERT INTO ${names.installation} (ONE, ID, VERSION, INSTALLED_AT) SELECT 1, LOWER(RAWTOHEX(SYS_GUID())), ${CAPTURE_VERSION}, SYS_EXTRACT_UTC(SYSTIMESTAMP) FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM ${names.installation})`;

export const renderInstalled = (names: CaptureNames): string =>
  `SELECT ID, TO_CHAR(VERSION, 'TM9'), TO_CHAR(LEFT_BEHIND, 'TM9'), TO_CHAR(SWEPT, 'TM9') FROM ${names.installation}`;

/** By its comment a table of ours is told from those of the application, whatever its prefix. */
export const OURS = 'Sluice capture';

const laterTables = ({ parking, loads }: CaptureNames): readonly string[] => [
  parking.excluded,
  parking.parked,
  parking.minutes,
  parking.lags,
  loads,
];

export const renderComments = (names: CaptureNames): readonly string[] =>
  [names.events, names.tables, names.lanes, names.claims, ...laterTables(names), names.installation].map(
    (table) => `COMMENT ON TABLE ${table} IS '${OURS}'`,
  );

/** How many of our tables are there. */
export const renderThere = ({ schema, bare }: CaptureNames): Statement => ({
  text: `SELECT TO_CHAR(COUNT(*), 'TM9') FROM ALL_TABLES WHERE OWNER = :schema AND TABLE_NAME IN (${bare.map((_, at) => `:t${at}`).join(', ')})`,
  binds: { schema, ...Object.fromEntries(bare.map((name, at) => [`t${at}`, name])) },
});

/** Whether the server has partitions; the right to use them is the licence's. */
export const PARTITIONING = "SELECT VALUE FROM V$OPTION WHERE PARAMETER = 'Partitioning'";

/** Its form: INTERVAL and INITRANS of the partitioned one; of the heap no row in the first. */
export const renderForm = ({ schema, bare }: CaptureNames): Statement => ({
  text: `SELECT P.INTERVAL, TO_CHAR(P.DEF_INI_TRANS, 'TM9'), TO_CHAR(T.INI_TRANS, 'TM9') FROM ALL_TABLES T LEFT JOIN ALL_PART_TABLES P ON P.OWNER = T.OWNER AND P.TABLE_NAME = T.TABLE_NAME WHERE T.OWNER = :schema AND T.TABLE_NAME = :events`,
  binds: { schema, events: bare[0] ?? '' },
});

/** Of partitions that are made from now on. */
export const renderInterval = (names: CaptureNames, { partitionEvents }: CaptureStaging): string =>
  `ALTER TABLE ${names.events} SET INTERVAL (${partitionEvents})`;
export const renderPartInitrans = (names: CaptureNames, { initrans }: CaptureStaging): string =>
  `ALTER TABLE ${names.events} MODIFY DEFAULT ATTRIBUTES INITRANS ${initrans}`;
export const renderIndexInitrans = (names: CaptureNames, { initrans }: CaptureStaging): string =>
  `ALTER INDEX ${names.byId} INITRANS ${initrans}`;
export const renderHeapInitrans = (names: CaptureNames, { initrans }: CaptureStaging): string =>
  `ALTER TABLE ${names.events} INITRANS ${initrans}`;

/** What went wrong in the compilation of a package or trigger; no row: nothing. */
export const renderErrors = (schema: string, name: string, type: string): Statement => ({
  text: "SELECT LINE || ':' || POSITION, TEXT FROM ALL_ERRORS WHERE OWNER = :schema AND NAME = :name AND TYPE = :type AND ATTRIBUTE = 'ERROR' ORDER BY SEQUENCE",
  binds: { schema, name, type },
});

/** A package as it was given, line by line. */
export const renderSource = (schema: string, name: string, type: string): Statement => ({
  text: 'SELECT TEXT FROM ALL_SOURCE WHERE OWNER = :schema AND NAME = :name AND TYPE = :type ORDER BY LINE',
  binds: { schema, name, type },
});

/** Packages first, for they name the tables; the installation goes last, so that who dies in between finds the rest again. */
export const removeStatements = (names: CaptureNames): readonly string[] => [
  `DROP PACKAGE ${names.recorder}`,
  `DROP PACKAGE ${names.keeper}`,
  ...[...laterTables(names), names.claims, names.lanes, names.tables, names.events].map(
    (table) => `DROP TABLE ${table} CASCADE CONSTRAINTS PURGE`,
  ),
  `DROP SEQUENCE ${names.ids}`,
  `DROP TABLE ${names.installation} CASCADE CONSTRAINTS PURGE`,
];

/** No such package, table, sequence, index or trigger: it is gone already. */
export const GONE: ReadonlySet<string> = new Set([
  'ORA-00942',
  'ORA-01418',
  'ORA-02289',
  'ORA-04043',
  'ORA-04080',
]);

/** Statements that a person runs who has the right to: for the user who deploys and owns the capture, and for one who only reads and frees events. */
export const grantStatements = (user: string): readonly string[] => [
  `GRANT CREATE SESSION, CREATE TABLE, CREATE SEQUENCE, CREATE PROCEDURE, CREATE TRIGGER TO ${user}`,
  `GRANT SELECT ON SYS.GV_$TRANSACTION TO ${user}`,
  `GRANT SELECT ON SYS.DBA_2PC_PENDING TO ${user}`,
  `GRANT EXECUTE ON SYS.DBMS_LOCK TO ${user}`,
];

export const readerGrants = (names: CaptureNames, reader: string): readonly string[] => [
  ...[names.events, names.lanes, names.claims, ...laterTables(names)].map(
    (table) => `GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${reader}`,
  ),
  `GRANT SELECT, UPDATE ON ${names.installation} TO ${reader}`,
  `GRANT SELECT ON ${names.tables} TO ${reader}`,
  `GRANT SELECT ON ${names.ids} TO ${reader}`,
  `GRANT EXECUTE ON ${names.keeper} TO ${reader}`,
  `GRANT EXECUTE ON ${names.recorder} TO ${reader}`,
];
