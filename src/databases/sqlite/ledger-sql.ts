import type { BatchHeader } from '../../model/batch.ts';
import type { LaneProgress, LaneRef, LaneToOpen } from '../../model/lane.ts';
import { drawEpoch } from '../../engine/driver/epoch.ts';
import { decodePosition, encodePosition } from '../../model/row-block.ts';
import { quote } from './sql.ts';
import type { Statement } from './thread/operations.ts';
import { unquoted } from './structure/create-table-text.ts';
import type { StoredValue } from './values/stored-value.ts';

/** Quoted names of the ledger's tables. */
export interface LedgerTables {
  readonly identity: string;
  readonly runs: string;
  readonly tables: string;
  readonly lanes: string;
  /** Events that are set apart. */
  readonly parked: string;
  /** What was found otherwise than changes take for granted. */
  readonly drift: string;
}

const NAMES = ['identity', 'runs', 'tables', 'lanes', 'parked', 'drift'] as const;

export const ledgerNames = (prefix: string): ReadonlySet<string> =>
  new Set(NAMES.map((name) => prefix + name));

export const ledgerTables = (prefix: string): LedgerTables => ({
  identity: quote(`${prefix}identity`),
  runs: quote(`${prefix}runs`),
  tables: quote(`${prefix}tables`),
  lanes: quote(`${prefix}lanes`),
  parked: quote(`${prefix}parked`),
  drift: quote(`${prefix}drift`),
});

/** Every type is one that SQLite checks: a ledger edited by hand does not hold text for a number. */
export const installStatements = (tables: LedgerTables): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS ${tables.identity} (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  incarnation TEXT NOT NULL
) STRICT`,
  `CREATE TABLE IF NOT EXISTS ${tables.runs} (
  transfer TEXT NOT NULL,
  run INTEGER NOT NULL,
  execution TEXT NOT NULL,
  created_by TEXT NOT NULL,
  plan_hash TEXT NOT NULL,
  spec TEXT NOT NULL,
  started_at TEXT NOT NULL,
  finished_at TEXT,
  PRIMARY KEY (transfer, run)
) STRICT, WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS ${tables.tables} (
  transfer TEXT NOT NULL,
  run INTEGER NOT NULL,
  table_id TEXT NOT NULL,
  generation INTEGER NOT NULL,
  plan TEXT NOT NULL,
  incarnation TEXT NOT NULL,
  change_marker TEXT NOT NULL,
  PRIMARY KEY (transfer, run, table_id, generation)
) STRICT, WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS ${tables.lanes} (
  transfer TEXT NOT NULL,
  run INTEGER NOT NULL,
  table_id TEXT NOT NULL,
  generation INTEGER NOT NULL,
  lane INTEGER NOT NULL,
  range_after TEXT,
  range_upto TEXT,
  attempt INTEGER NOT NULL DEFAULT 0,
  epoch TEXT NOT NULL DEFAULT '',
  n INTEGER NOT NULL DEFAULT 0,
  position TEXT,
  rows INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  ended INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1)),
  PRIMARY KEY (transfer, run, table_id, generation, lane)
) STRICT, WITHOUT ROWID`,
];

/**
 * Events that are set apart: of a transfer and not of one of its runs, which may be forgotten. Times are milliseconds, see PARKED_COLUMNS.
 */
export const parkedStatements = ({ parked }: LedgerTables): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS ${parked} (
  transfer TEXT NOT NULL,
  run INTEGER NOT NULL,
  claim INTEGER NOT NULL,
  event INTEGER NOT NULL,
  lane INTEGER NOT NULL,
  table_id TEXT NOT NULL,
  operation TEXT NOT NULL,
  chain TEXT NOT NULL,
  own_key TEXT NOT NULL,
  other_key TEXT,
  holds INTEGER NOT NULL,
  row_key TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  parked_ms INTEGER NOT NULL,
  retry_ms INTEGER,
  final_ms INTEGER,
  error_code TEXT NOT NULL,
  error_message TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  old_row TEXT,
  new_row TEXT,
  PRIMARY KEY (transfer, run, claim, event)
) STRICT, WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS ${quote(`${unquoted(parked)}_chain`)} ON ${parked} (transfer, chain)`,
  `CREATE INDEX IF NOT EXISTS ${quote(`${unquoted(parked)}_held`)} ON ${parked} (transfer, holds)`,
];

/** A row a table of a transfer: see engine/changes/drift/drift-sql.ts. */
export const driftStatement = ({ drift }: LedgerTables): string =>
  `CREATE TABLE IF NOT EXISTS ${drift} (
  transfer TEXT NOT NULL,
  table_id TEXT NOT NULL,
  run INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  copied_upto INTEGER,
  update_missing INTEGER NOT NULL,
  insert_existing INTEGER NOT NULL,
  delete_missing INTEGER NOT NULL,
  PRIMARY KEY (transfer, table_id)
) STRICT, WITHOUT ROWID`;

/** A row where the ledger has epochs; version 0.1.0 had none at first. */
export const epochColumn = (tables: LedgerTables): Statement => ({
  sql: `SELECT 1 FROM pragma_table_info(?) WHERE name = 'epoch'`,
  values: [unquoted(tables.lanes)],
});

export const upgradeStatement = (tables: LedgerTables): string =>
  `ALTER TABLE ${tables.lanes} ADD COLUMN epoch TEXT NOT NULL DEFAULT ''`;

const laneKey = (lane: LaneRef): StoredValue[] => [
  lane.transfer,
  BigInt(lane.run),
  lane.table,
  BigInt(lane.generation),
  BigInt(lane.lane),
];

const LANE = 'transfer = ? AND run = ? AND table_id = ? AND generation = ? AND lane = ?';

/** A finished or superseded run takes no batch any more: its rows would come after those of the next. */
const openRun = ({ runs, lanes }: LedgerTables): string =>
  `EXISTS (SELECT 1 FROM ${runs} AS r WHERE r.transfer = ${lanes}.transfer AND r.run = ${lanes}.run AND r.finished_at IS NULL)`;

/** Invariant 2: the compare-and-set that the transaction of a batch begins with. */
export const advanceStatement = (tables: LedgerTables, header: BatchHeader): Statement => ({
  sql: `UPDATE ${tables.lanes}
SET n = n + 1, position = coalesce(?, position), rows = rows + ?, bytes = bytes + ?, ended = ?
WHERE ${LANE} AND attempt = ? AND epoch = ? AND n = ? AND ended = 0 AND ${openRun(tables)}`,
  values: [
    header.last === null ? null : encodePosition(header.last),
    BigInt(header.rows),
    BigInt(header.bytes),
    header.end === null ? 0n : 1n,
    ...laneKey(header),
    BigInt(header.attempt),
    header.epoch,
    BigInt(header.n - 1),
  ],
});

// Where ranges of rows stand nobody asks, many times a second.
const LANE_COLUMNS =
  "table_id, generation, lane, attempt, epoch, n, rows, bytes, ended, CASE WHEN table_id LIKE '(changes%' THEN position END";

export const laneStatement = (tables: LedgerTables, lane: LaneRef): Statement => ({
  sql: `SELECT ${LANE_COLUMNS} FROM ${tables.lanes} WHERE ${LANE} AND ${openRun(tables)}`,
  values: laneKey(lane),
});

/** In lane order, of the newest generation. */
export const lanesStatement = (tables: LedgerTables, values: readonly StoredValue[]): Statement => ({
  sql: `SELECT ${LANE_COLUMNS} FROM ${tables.lanes} AS l WHERE transfer = ? AND run = ? AND table_id = ?
AND generation = (SELECT max(generation) FROM ${tables.tables} AS t
  WHERE t.transfer = l.transfer AND t.run = l.run AND t.table_id = l.table_id)
ORDER BY lane`,
  values,
});

export const laneProgress = (row: readonly StoredValue[]): LaneProgress => ({
  table: String(row[0]),
  generation: Number(row[1]),
  lane: Number(row[2]),
  attempt: Number(row[3]),
  epoch: String(row[4]),
  n: Number(row[5]),
  rows: Number(row[6]),
  bytes: Number(row[7]),
  ended: row[8] === 1n,
  position: row[9] === null ? null : decodePosition(String(row[9])),
});

export const openLaneStatements = (tables: LedgerTables, lane: LaneToOpen): readonly Statement[] => [
  {
    sql: `UPDATE ${tables.lanes} SET attempt = attempt + 1, epoch = ?, n = 0 WHERE attempt = coalesce(?, attempt) AND ${LANE} AND ${openRun(tables)}`,
    values: [
      lane.epoch ?? drawEpoch(),
      lane.ifAttempt === undefined ? null : BigInt(lane.ifAttempt),
      ...laneKey(lane),
    ],
  },
  {
    sql: `SELECT attempt, epoch, position, rows, bytes, ended, range_after, range_upto, plan
FROM ${tables.lanes} JOIN ${tables.tables} USING (transfer, run, table_id, generation) WHERE ${LANE}`,
    values: laneKey(lane),
  },
];

export const progressStatement = (tables: LedgerTables, values: readonly StoredValue[]): Statement => ({
  sql: `SELECT t.table_id, t.generation, count(l.lane), total(l.ended), coalesce(sum(l.rows), 0), coalesce(sum(l.bytes), 0)
FROM ${tables.tables} AS t
LEFT JOIN ${tables.lanes} AS l ON l.transfer = t.transfer AND l.run = t.run AND l.table_id = t.table_id
  AND l.generation = t.generation
WHERE t.transfer = ? AND t.run = ? AND t.generation = (SELECT max(generation) FROM ${tables.tables} AS m
  WHERE m.transfer = t.transfer AND m.run = t.run AND m.table_id = t.table_id)
GROUP BY t.table_id, t.generation ORDER BY t.table_id`,
  values,
});
