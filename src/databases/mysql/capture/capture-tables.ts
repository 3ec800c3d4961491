import {
  type ColumnTypes,
  PARKED_NAMES,
  type ParkedTables,
  renderParkedTables,
} from '../../../engine/capture/parking/parked-tables.ts';
import type { CapturePlace } from '../../../model/capture-spec.ts';
import { literal, qualified } from '../sql/names.ts';

/** Names of what is ours in a source. */
export interface CaptureNames {
  /** The database of the connection, where all of it lies. */
  readonly schema: string;
  readonly prefix: string;
  /** Quoted names of tables. */
  readonly events: string;
  readonly installation: string;
  readonly tables: string;
  readonly lanes: string;
  readonly claims: string;
  /** How far loads of existing rows are, by transfer and table: from version 2 on. */
  readonly loads: string;
  /** What is set apart of lanes, and what is counted: from version 2 on. */
  readonly parking: ParkedTables;
  /** The same without quotes and database, in the order in which they are made: those that every version has. */
  readonly bare: readonly string[];
}

/**
 * The capture lies in the database of the connection, as the ledger does, its names behind the prefix; a schema that is configured
 * is for products whose schemas are no databases. So a backup of that database has rows, events and claims of one moment, nobody
 * needs a right on another one, and two applications of one server do not meet.
 */
export function captureNames(schema: string, { prefix }: CapturePlace): CaptureNames {
  const bare = [
    'event_logs',
    'capture_installation',
    'captured_tables',
    'capture_lanes',
    'capture_claims',
  ].map((name) => prefix + name);
  const [events = '', installation = '', tables = '', lanes = '', claims = ''] = bare.map((name) =>
    qualified({ schema, name }),
  );
  const own = (name: string): string => qualified({ schema, name: prefix + name });
  const parking: ParkedTables = {
    parked: own(PARKED_NAMES.parked),
    excluded: own(PARKED_NAMES.excluded),
    minutes: own(PARKED_NAMES.minutes),
    lags: own(PARKED_NAMES.lags),
    literal,
  };
  return {
    schema,
    prefix,
    events,
    installation,
    tables,
    lanes,
    claims,
    loads: own('capture_loads'),
    parking,
    bare,
  };
}

/** Raised with every change of the tables below; an upgrade is a statement of its own. */
export const CAPTURE_VERSION = 2;
/** From which on events can be set apart. */
export const PARKING_VERSION = 2;

/** By its comment a table of ours is told from those of the application, whatever its prefix. */
export const OURS = 'Sluice capture';

const TABLE = `ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC COMMENT=${literal(OURS)}`;
const LANE = 'transfer varchar(64) NOT NULL, lane int NOT NULL';

const PARKED_TYPES: ColumnTypes = {
  big: 'bigint',
  int: 'int',
  name: 'varchar(64)',
  table: 'varchar(512)',
  word: 'varchar(16)',
  text: 'text',
  payload: ['char(1)', 'varchar(64)', 'datetime(6)', 'varchar(512)', 'longtext'],
  tail: ` ${TABLE}`,
};

/**
 * Tables of the capture, each committed by itself. Events have no index but the one by id: each costs the application. They are
 * deleted by that key and never truncated, so that no id is ever used twice. `looked` of a lane: see claims/gaps.ts.
 */
export const installStatements = (names: CaptureNames): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS ${names.events} (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, table_number int NOT NULL, operation char(1) NOT NULL,
    transaction_id varchar(64) NOT NULL, recorded_at datetime(6) NOT NULL, db_user varchar(512) NOT NULL,
    message_key longtext NULL, old_row longtext NULL, new_row longtext NULL,
    bytes bigint AS (COALESCE(OCTET_LENGTH(old_row), 0) + COALESCE(OCTET_LENGTH(new_row), 0)) STORED) ${TABLE}`,
  `CREATE TABLE IF NOT EXISTS ${names.installation} (one tinyint NOT NULL PRIMARY KEY, id varchar(64) NOT NULL, version int NOT NULL,
    left_behind bigint NOT NULL DEFAULT 0, swept bigint NOT NULL DEFAULT 0, installed_at datetime(6) NOT NULL) ${TABLE}`,
  `CREATE TABLE IF NOT EXISTS ${names.tables} (number int NOT NULL AUTO_INCREMENT PRIMARY KEY, table_schema varchar(64) NOT NULL,
    table_name varchar(64) NOT NULL, spec longtext NOT NULL, columns_recorded longtext NOT NULL, primary_key longtext NOT NULL,
    definitions longtext NOT NULL, deployed_at datetime(6) NOT NULL, dropped_at datetime(6) NULL) ${TABLE}`,
  `CREATE TABLE IF NOT EXISTS ${names.lanes} (${LANE}, table_numbers longtext NOT NULL, epoch varchar(64) NOT NULL DEFAULT '',
    sealed bigint NOT NULL DEFAULT 0, confirmed bigint NOT NULL DEFAULT 0, looked longtext NOT NULL, PRIMARY KEY (transfer, lane)) ${TABLE}`,
  `CREATE TABLE IF NOT EXISTS ${names.claims} (${LANE}, claim bigint NOT NULL, runs longtext NOT NULL, events int NOT NULL,
    sealed_at datetime(6) NOT NULL, confirmed_at datetime(6) NULL, PRIMARY KEY (transfer, lane, claim),
    FOREIGN KEY (transfer, lane) REFERENCES ${names.lanes} (transfer, lane) ON DELETE CASCADE) ${TABLE}`,
  ...renderParkedTables(names.parking, PARKED_TYPES, {
    ofLane: `, FOREIGN KEY (transfer, lane) REFERENCES ${names.lanes} (transfer, lane) ON DELETE CASCADE`,
    ofClaim: `, FOREIGN KEY (transfer, lane, claim) REFERENCES ${names.claims} (transfer, lane, claim) ON DELETE CASCADE`,
  }),
  `CREATE TABLE IF NOT EXISTS ${names.loads} (transfer varchar(64) NOT NULL, table_number int NOT NULL, generation int NOT NULL,
    definition longtext NOT NULL, position longtext NULL, events bigint NOT NULL DEFAULT 0, is_done tinyint NOT NULL DEFAULT 0,
    PRIMARY KEY (transfer, table_number)) ${TABLE}`,
  `INSERT IGNORE INTO ${names.installation} (one, id, version, installed_at) VALUES (1, UUID(), ${CAPTURE_VERSION}, UTC_TIMESTAMP(6))`,
];

export const renderLane = ({
  transfer,
  lane,
}: {
  readonly transfer: string;
  readonly lane: number;
}): string => `transfer = ${literal(transfer)} AND lane = ${lane}`;
