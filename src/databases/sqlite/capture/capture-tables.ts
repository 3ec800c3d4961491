import {
  type ColumnTypes,
  PARKED_NAMES,
  type ParkedTables,
  renderParkedTables,
} from '../../../engine/capture/parking/parked-tables.ts';
import { literal, quote } from '../sql.ts';

/** Quoted names of what is ours in a source. */
export interface CaptureTables {
  readonly events: string;
  readonly installation: string;
  readonly captured: string;
  readonly layouts: string;
  readonly lanes: string;
  readonly claims: string;
  /** How far loads of existing rows are, by transfer and table. */
  readonly loads: string;
  /** What is set apart of lanes, and what is counted: from version 2 on. */
  readonly parking: ParkedTables;
}

export const captureTables = (prefix: string): CaptureTables => ({
  events: quote(`${prefix}event_logs`),
  installation: quote(`${prefix}installation`),
  captured: quote(`${prefix}captured_tables`),
  layouts: quote(`${prefix}capture_layouts`),
  lanes: quote(`${prefix}capture_lanes`),
  claims: quote(`${prefix}capture_claims`),
  loads: quote(`${prefix}capture_loads`),
  parking: {
    parked: quote(prefix + PARKED_NAMES.parked),
    excluded: quote(prefix + PARKED_NAMES.excluded),
    minutes: quote(prefix + PARKED_NAMES.minutes),
    lags: quote(prefix + PARKED_NAMES.lags),
    literal,
  },
});

/** Rows of the events of one layout, as they were: row 2·id is the old one of an event, 2·id + 1 the new one. */
export const rowsTable = (prefix: string, number: number, layout: number): string =>
  quote(`${prefix}event_rows_${number}_${layout}`);

/** Where old rows of one layout are looked at: see render-triggers.ts. */
export const oldTable = (prefix: string, number: number, layout: number): string =>
  quote(`${prefix}event_old_${number}_${layout}`);

/** Those that every version has. */
const NAMES = [
  'event_logs',
  'installation',
  'captured_tables',
  'capture_layouts',
  'capture_lanes',
  'capture_claims',
] as const;
const LATER_NAMES: readonly string[] = ['capture_loads', ...Object.values(PARKED_NAMES)];

/** The names among these that belong to a capture, whatever its prefix: it has all of its tables or is none. */
export function captureNames(names: readonly string[]): ReadonlySet<string> {
  const all = new Set(names);
  const found = new Set<string>();
  for (const name of names.filter((each) => each.endsWith(NAMES[0]))) {
    const prefix = name.slice(0, -NAMES[0].length);
    if (!NAMES.every((each) => all.has(prefix + each))) continue;
    for (const each of names) if (isOurs(prefix, each)) found.add(each);
  }
  return found;
}

/** Whether a table with this name is one of the capture with this prefix. */
export function isOurs(prefix: string, name: string): boolean {
  if (!name.startsWith(prefix)) return false;
  const rest = name.slice(prefix.length);
  return [...NAMES, ...LATER_NAMES].includes(rest) || /^event_(?:rows|old)_\d+_\d+$/.test(rest);
}

/** Raised with every change of the tables below; an upgrade is a statement of its own. */
export const CAPTURE_VERSION = 2;
/** From which on events can be set apart. */
export const PARKING_VERSION = 2;

const PARKED_TYPES: ColumnTypes = {
  big: 'INTEGER',
  int: 'INTEGER',
  name: 'TEXT',
  table: 'TEXT',
  word: 'TEXT',
  text: 'TEXT',
  payload: ['TEXT', 'TEXT', 'TEXT', 'TEXT', 'TEXT'],
  tail: '',
};

/**
 * Tables of the capture. They stand in the file of an application whose SQLite may be old: no STRICT, which 3.36 does not even
 * let the file be opened with. And nothing in them can be violated: a trigger's INSERT takes the conflict clause of the
 * application's statement, and OR IGNORE would then lose the event.
 *
 * AUTOINCREMENT: an id is never used again, not even when the events before it are gone.
 */
export const installStatements = (tables: CaptureTables): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS ${tables.events} (
  id INTEGER PRIMARY KEY AUTOINCREMENT, table_number INTEGER, layout INTEGER, operation TEXT, at TEXT, message_key
)`,
  `CREATE TABLE IF NOT EXISTS ${tables.installation} (
  one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, version INTEGER NOT NULL, installed_at TEXT NOT NULL
)`,
  `CREATE TABLE IF NOT EXISTS ${tables.captured} (
  number INTEGER PRIMARY KEY AUTOINCREMENT, table_name TEXT NOT NULL, spec TEXT NOT NULL, layout INTEGER NOT NULL,
  definitions TEXT NOT NULL, deployed_at TEXT NOT NULL, dropped_at TEXT
)`,
  `CREATE TABLE IF NOT EXISTS ${tables.layouts} (
  number INTEGER NOT NULL, layout INTEGER NOT NULL, shape TEXT NOT NULL, PRIMARY KEY (number, layout)
)`,
  `CREATE TABLE IF NOT EXISTS ${tables.lanes} (
  transfer TEXT NOT NULL, lane INTEGER NOT NULL, table_numbers TEXT NOT NULL, epoch TEXT NOT NULL DEFAULT '',
  sealed INTEGER NOT NULL DEFAULT 0, sealed_id INTEGER NOT NULL,
  confirmed INTEGER NOT NULL DEFAULT 0, confirmed_id INTEGER NOT NULL,
  PRIMARY KEY (transfer, lane)
)`,
  `CREATE TABLE IF NOT EXISTS ${tables.claims} (
  transfer TEXT NOT NULL, lane INTEGER NOT NULL, claim INTEGER NOT NULL, table_numbers TEXT NOT NULL,
  after_id INTEGER NOT NULL, last_id INTEGER NOT NULL, events INTEGER NOT NULL, sealed_at TEXT NOT NULL, confirmed_at TEXT,
  PRIMARY KEY (transfer, lane, claim)
)`,
  `CREATE TABLE IF NOT EXISTS ${tables.loads} (
  transfer TEXT NOT NULL, table_number INTEGER NOT NULL, generation INTEGER NOT NULL, definition TEXT NOT NULL, position TEXT,
  events INTEGER NOT NULL DEFAULT 0, is_done INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (transfer, table_number)
)`,
  // Nothing refers to another table: whether that is looked at is a setting of each connection.
  ...renderParkedTables(tables.parking, PARKED_TYPES, { ofLane: '', ofClaim: '' }),
];
