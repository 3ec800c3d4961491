import {
  type ColumnTypes,
  PARKED_NAMES,
  type ParkedTables,
  renderParkedTables,
} from '../../../engine/capture/parking/parked-tables.ts';
import type { CapturePlace } from '../../../model/capture-spec.ts';
import { literal, quote } from '../sql.ts';

/** Quoted names of what is ours in a source. */
export interface CaptureNames {
  readonly schema: string;
  /** Events, in partitions that are filled in turn. */
  readonly events: string;
  /** Draws the ids of events; CACHE 1, or the order within a key would be lost. */
  readonly ids: string;
  /** Its last value is the number of the partition that is filled: read without a lock and the same for all at once. */
  readonly turn: string;
  /** One row: identity and version of the installation. */
  readonly installation: string;
  /** Captured tables: number, name, spec, columns, and the texts of triggers as the server printed them. */
  readonly tables: string;
  /** Lanes of transfers: tables, holder, last claim sealed and confirmed, and what the next one begins at. */
  readonly lanes: string;
  /** Sealed claims that may still be read. */
  readonly claims: string;
  /** Where the ids of events stood when a transaction began: see seal-claim.ts. */
  readonly ticks: string;
  /** What is set apart of lanes, and what is counted: from version 2 on. */
  readonly parking: ParkedTables;
  /** How far loads of existing rows are, by transfer and table. */
  readonly loads: string;
}

/** Partitions of the events: one is filled, one waits to be emptied, one is empty. */
export const PARTITIONS = 3;

export function captureNames({ schema }: CapturePlace): CaptureNames {
  const name = (table: string): string => `${quote(schema)}.${quote(table)}`;
  return {
    schema: quote(schema),
    events: name('event_logs'),
    ids: name('event_ids'),
    turn: name('event_turn'),
    installation: name('installation'),
    tables: name('captured_tables'),
    lanes: name('capture_lanes'),
    claims: name('capture_claims'),
    ticks: name('capture_ticks'),
    parking: {
      parked: name(PARKED_NAMES.parked),
      excluded: name(PARKED_NAMES.excluded),
      minutes: name(PARKED_NAMES.minutes),
      lags: name(PARKED_NAMES.lags),
      literal,
    },
    loads: name('capture_loads'),
  };
}

/** Quoted name of one partition, from 1. */
export const partitionName = ({ schema }: CapturePlace, turn: number): string =>
  `${quote(schema)}.${quote(`event_logs_${turn}`)}`;

/** Raised with every change of the tables below; an upgrade is a statement of its own. */
export const CAPTURE_VERSION = 2;
/** From which on events can be set apart. */
export const PARKING_VERSION = 2;

const NAME = 'text COLLATE "C"';
const PARKED_TYPES: ColumnTypes = {
  big: 'bigint',
  int: 'integer',
  name: NAME,
  table: NAME,
  word: NAME,
  text: 'text',
  payload: ['"char"', 'bigint', 'timestamptz', 'text', 'text'],
  tail: '',
};

const renderParking = ({ parking, lanes, claims }: CaptureNames): string =>
  renderParkedTables(parking, PARKED_TYPES, {
    ofLane: `, FOREIGN KEY (transfer, lane) REFERENCES ${lanes} ON DELETE CASCADE`,
    ofClaim: `, FOREIGN KEY (transfer, lane, claim) REFERENCES ${claims} ON DELETE CASCADE`,
  }).join(';\n    ');

/**
 * Tables of the capture. Of an event the transaction is the one that made it (txid_current(): what a snapshot says of it decides
 * whether it is pending), also where it was written in a subtransaction. Its id is drawn when the transaction has its number already, as it
 * has in a trigger on a row that was just written (seal-claim.ts rests on it). No index but the one by id: each costs the application.
 */
export function renderCaptureTables(place: CapturePlace): string {
  const names = captureNames(place);
  const partitions = Array.from({ length: PARTITIONS }, (_, index) => {
    const name = partitionName(place, index + 1);
    return `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${names.events} FOR VALUES IN (${index + 1}) WITH (fillfactor = 100);`;
  });
  // Before 13 autovacuum does not come for inserts, and does not know the setting.
  const leaveInserts = Array.from(
    { length: PARTITIONS },
    (_, index) =>
      `ALTER TABLE ${partitionName(place, index + 1)} SET (autovacuum_vacuum_insert_threshold = -1);`,
  );
  return `
    CREATE SEQUENCE IF NOT EXISTS ${names.ids} AS bigint CACHE 1;
    CREATE SEQUENCE IF NOT EXISTS ${names.turn} AS smallint MINVALUE 1 MAXVALUE ${PARTITIONS} CYCLE;
    CREATE TABLE IF NOT EXISTS ${names.events} (
      id bigint NOT NULL, turn smallint NOT NULL, table_number integer NOT NULL, operation "char" NOT NULL,
      transaction bigint NOT NULL, at timestamptz NOT NULL, db_user text NOT NULL,
      message_key text, old text, new text, PRIMARY KEY (id, turn)) PARTITION BY LIST (turn);
    ${partitions.join('\n    ')}
    DO ${literal(`BEGIN IF current_setting('server_version_num')::integer >= 130000 THEN ${leaveInserts.join(' ')} END IF; END`)};
    CREATE TABLE IF NOT EXISTS ${names.installation} (
      one boolean PRIMARY KEY DEFAULT true CHECK (one), id uuid NOT NULL, version integer NOT NULL, installed_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE IF NOT EXISTS ${names.tables} (
      number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, table_schema text COLLATE "C" NOT NULL, table_name text COLLATE "C" NOT NULL,
      table_oid oid NOT NULL, spec text NOT NULL, columns text[] NOT NULL, primary_key text[] NOT NULL, definitions text NOT NULL,
      deployed_at timestamptz NOT NULL DEFAULT now(), dropped_at timestamptz);
    CREATE UNIQUE INDEX IF NOT EXISTS captured_once ON ${names.tables} (table_schema, table_name) WHERE dropped_at IS NULL;
    CREATE TABLE IF NOT EXISTS ${names.lanes} (
      transfer text COLLATE "C" NOT NULL, lane integer NOT NULL, table_numbers integer[] NOT NULL, epoch text COLLATE "C" NOT NULL DEFAULT '',
      sealed bigint NOT NULL DEFAULT 0, confirmed bigint NOT NULL DEFAULT 0,
      since txid_snapshot NOT NULL, upto txid_snapshot, after_id bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (transfer, lane)) WITH (fillfactor = 50);
    CREATE TABLE IF NOT EXISTS ${names.claims} (
      transfer text COLLATE "C" NOT NULL, lane integer NOT NULL, claim bigint NOT NULL,
      since txid_snapshot NOT NULL, upto txid_snapshot NOT NULL, after_id bigint NOT NULL, last_id bigint NOT NULL,
      events integer NOT NULL, sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(), confirmed_at timestamptz,
      PRIMARY KEY (transfer, lane, claim),
      FOREIGN KEY (transfer, lane) REFERENCES ${names.lanes} ON DELETE CASCADE);
    ALTER TABLE ${names.claims} ADD COLUMN IF NOT EXISTS is_last boolean NOT NULL DEFAULT false;
    CREATE TABLE IF NOT EXISTS ${names.ticks} (xid bigint PRIMARY KEY, ids bigint NOT NULL);
    ${renderParking(names)};
    CREATE TABLE IF NOT EXISTS ${names.loads} (
      transfer text COLLATE "C" NOT NULL, table_number integer NOT NULL, generation integer NOT NULL, definition text NOT NULL,
      position text, events bigint NOT NULL DEFAULT 0, is_done boolean NOT NULL DEFAULT false,
      began_at timestamptz NOT NULL DEFAULT clock_timestamp(), changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (transfer, table_number)) WITH (fillfactor = 50);
    INSERT INTO ${names.installation} (id, version) VALUES (md5(random()::text || clock_timestamp()::text)::uuid, ${CAPTURE_VERSION}) ON CONFLICT DO NOTHING`;
}

/** What a trigger fills the columns of an event with that are the same for all tables. */
export const renderTurn = (names: CaptureNames): string => `(SELECT last_value FROM ${names.turn})`;
export const renderNextId = (place: CapturePlace): string =>
  `nextval(${literal(captureNames(place).ids)}::regclass)`;
