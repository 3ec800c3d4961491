import type { Ledger, OwnedRun, PlannedTable, Run, RunRequest } from '../../engine/ports/ledger.ts';
import type { OpenOptions } from '../../engine/ports/dialect.ts';
import { refuseSecondAppend } from '../../engine/driver/refuse-second-append.ts';
import { staleTables } from '../../engine/quarantine/stale-tables.ts';
import type { Batch } from '../../model/batch.ts';
import { laneOfCells } from '../../engine/driver/lane-cells.ts';
import type { LaneProgress, LaneRef } from '../../model/lane.ts';
import { encodePosition } from '../../model/row-block.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { ErrorContext } from './error-codes.ts';
import type { Pool, Session } from './pool.ts';
import { LANE_KEY, laneKey, openLane, positionOf } from './open-lane.ts';
import { lockRun, newestRun, readSpec } from './read-runs.ts';
import { literal, quote } from './sql.ts';
import { clearTable, replaceTable } from './structure/prepare-table.ts';
import { dropKeys } from './structure/standing-keys.ts';

/** Quoted names of the ledger's tables. */
export interface LedgerNames {
  readonly schema: string;
  readonly runs: string;
  readonly tables: string;
  readonly lanes: string;
  /** Events that are set apart. */
  readonly parked: string;
  /** What was found otherwise than changes take for granted. */
  readonly drift: string;
}

export function ledgerNames({ schema, prefix }: OpenOptions['ledger']): LedgerNames {
  const name = (table: string): string => `${quote(schema)}.${quote(prefix + table)}`;
  return {
    schema: quote(schema),
    runs: name('runs'),
    tables: name('tables'),
    lanes: name('lanes'),
    parked: name('parked'),
    drift: name('drift'),
  };
}

const context = (names: LedgerNames): ErrorContext => ({ side: 'ledger', where: names.schema });

// Keys are compared byte by byte; half-filled pages let the update of each batch stay on its page.
const renderInstall = (names: LedgerNames): string => `
  CREATE TABLE IF NOT EXISTS ${names.runs} (
    transfer text COLLATE "C" NOT NULL, run integer NOT NULL, execution text COLLATE "C" NOT NULL,
    opened_by text COLLATE "C" NOT NULL, plan_hash text COLLATE "C" NOT NULL, spec text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz,
    PRIMARY KEY (transfer, run));
  CREATE TABLE IF NOT EXISTS ${names.tables} (
    transfer text COLLATE "C" NOT NULL, run integer NOT NULL, table_id text COLLATE "C" NOT NULL,
    generation integer NOT NULL, plan text NOT NULL, incarnation text NOT NULL, change_marker text NOT NULL,
    planned_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (transfer, run, table_id),
    FOREIGN KEY (transfer, run) REFERENCES ${names.runs} ON DELETE CASCADE);
  CREATE TABLE IF NOT EXISTS ${names.lanes} (
    transfer text COLLATE "C" NOT NULL, run integer NOT NULL, table_id text COLLATE "C" NOT NULL,
    generation integer NOT NULL, lane integer NOT NULL, range_after text, range_upto text,
    attempt integer NOT NULL DEFAULT 0, epoch text COLLATE "C" NOT NULL DEFAULT '', n integer NOT NULL DEFAULT 0, position text,
    rows bigint NOT NULL DEFAULT 0, bytes bigint NOT NULL DEFAULT 0, ended boolean NOT NULL DEFAULT false,
    applied_at timestamptz,
    PRIMARY KEY (transfer, run, table_id, generation, lane),
    FOREIGN KEY (transfer, run) REFERENCES ${names.runs} ON DELETE CASCADE) WITH (fillfactor = 50)`;

/** Ledgers of version 0.1.0 before attempts had an epoch. */
const renderUpgrade = (names: LedgerNames): string =>
  `ALTER TABLE ${names.lanes} ADD COLUMN IF NOT EXISTS epoch text COLLATE "C" NOT NULL DEFAULT ''`;

/**
 * Events that are set apart: of a transfer and not of one of its runs, which may be forgotten. Times are milliseconds, see PARKED_COLUMNS.
 */
const renderParked = ({ parked }: LedgerNames): string => `
  CREATE TABLE IF NOT EXISTS ${parked} (
    transfer text COLLATE "C" NOT NULL, run integer NOT NULL, claim bigint NOT NULL, event bigint NOT NULL, lane integer NOT NULL,
    table_id text COLLATE "C" NOT NULL, operation text COLLATE "C" NOT NULL, chain text COLLATE "C" NOT NULL, own_key text COLLATE "C" NOT NULL,
    other_key text COLLATE "C", holds smallint NOT NULL, row_key text COLLATE "C" NOT NULL, state text COLLATE "C" NOT NULL,
    attempts integer NOT NULL, parked_ms bigint NOT NULL, retry_ms bigint, final_ms bigint, error_code text NOT NULL, error_message text NOT NULL,
    bytes bigint NOT NULL, old_row text, new_row text,
    PRIMARY KEY (transfer, run, claim, event));
  CREATE INDEX ON ${parked} (transfer, chain);
  CREATE INDEX ON ${parked} (transfer) WHERE holds = 1`;

/** A row a table of a transfer: see engine/changes/drift/drift-sql.ts. */
const renderDrift = ({ drift }: LedgerNames): string => `
  CREATE TABLE IF NOT EXISTS ${drift} (
    transfer text COLLATE "C" NOT NULL, table_id text COLLATE "C" NOT NULL, run integer NOT NULL, generation integer NOT NULL,
    copied_upto bigint, update_missing bigint NOT NULL, insert_existing bigint NOT NULL, delete_missing bigint NOT NULL,
    PRIMARY KEY (transfer, table_id))`;

/** Waits for a batch that is being applied, and makes every later one of the lane a drop. */
const FENCE = "attempt = attempt + 1, epoch = '', n = 0";

const lockFor = (name: string): string =>
  `SELECT pg_advisory_xact_lock(hashtextextended(${literal(`sluice ${name}`)}, 0))`;

interface Rights {
  readonly user: string;
  readonly database: string;
  readonly installed: boolean;
  readonly hasEpoch: boolean;
  readonly hasParked: boolean;
  readonly hasDrift: boolean;
  readonly hasSchema: boolean;
  readonly mayCreate: boolean;
}

async function rightsOf(session: Session, options: OpenOptions['ledger']): Promise<Rights> {
  const { rows } = await session.query(
    `SELECT current_user, current_database(),
      (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = ANY($2::text[])),
      EXISTS (SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = n.oid AND c.relname = $3 AND a.attname = 'epoch'),
      EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = $4), EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = $5), n.oid, CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE') ELSE has_schema_privilege(n.oid, 'CREATE, USAGE') AND has_schema_privilege(n.oid, 'CREATE') END
    FROM (SELECT) AS one LEFT JOIN pg_namespace n ON n.nspname = $1`,
    [
      options.schema,
      ['runs', 'tables', 'lanes'].map((name) => options.prefix + name),
      `${options.prefix}lanes`,
      `${options.prefix}parked`,
      `${options.prefix}drift`,
    ],
  );
  const [user, database, found, epoch, parked, drift, oid, may] = rows[0] ?? [];
  return {
    user: user ?? '',
    database: database ?? '',
    installed: found === '3',
    hasEpoch: epoch === 't',
    hasParked: parked === 't',
    hasDrift: drift === 't',
    hasSchema: oid !== null,
    mayCreate: may === 't',
  };
}

async function install(session: Session, names: LedgerNames, options: OpenOptions['ledger']): Promise<void> {
  await session.query(lockFor(`ledger ${names.lanes}`)); // two workers that start at once
  const rights = await rightsOf(session, options);
  if (rights.installed && rights.hasParked && rights.hasDrift) {
    if (!rights.hasEpoch) await session.query(renderUpgrade(names));
    return;
  }
  if (!rights.mayCreate) {
    const on = rights.hasSchema
      ? `USAGE, CREATE ON SCHEMA ${names.schema}`
      : `CREATE ON DATABASE ${quote(rights.database)}`;
    throw new SluiceError('database.permission_denied', 'the ledger cannot be created', {
      vendorCode: '42501',
      suggestion: `GRANT ${on} TO ${quote(rights.user)};`,
    });
  }
  if (!rights.hasSchema) await session.query(`CREATE SCHEMA ${names.schema}`);
  if (!rights.installed) await session.query(renderInstall(names));
  else if (!rights.hasEpoch) await session.query(renderUpgrade(names));
  if (!rights.hasParked) await session.query(renderParked(names));
  await session.query(renderDrift(names));
}

async function openRun(session: Session, names: LedgerNames, request: RunRequest): Promise<Run> {
  const { transfer, execution, planHash, spec } = request;
  await session.query(lockFor(`run ${names.runs} ${transfer}`));
  const { rows } = await session.query(
    `SELECT run, opened_by FROM ${names.runs} WHERE transfer = $1 AND (execution = $2 OR (finished_at IS NULL AND plan_hash = $3))
     ORDER BY (execution = $2) DESC, run DESC LIMIT 1`,
    [transfer, execution, planHash],
  );
  const [known] = rows;
  if (known) {
    const run = Number(known[0]);
    // The old values stand on the right: the spec changes hands with the execution, and never within one.
    const inForce = await session.cell(
      `UPDATE ${names.runs} SET execution = $3, spec = CASE WHEN execution = $3 THEN spec ELSE $4 END
       WHERE transfer = $1 AND run = $2 RETURNING spec`,
      [transfer, run, execution, spec],
    );
    return { run, continued: known[1] !== execution, spec: inForce ?? '' };
  }
  // Runs before lanes, as openLane locks them.
  await session.query(
    `UPDATE ${names.runs} SET finished_at = now() WHERE transfer = $1 AND finished_at IS NULL`,
    [transfer],
  );
  // Fences the older runs: waits for a batch of theirs that is being applied, and drops every later one.
  await session.query(`UPDATE ${names.lanes} SET ${FENCE} WHERE transfer = $1`, [transfer]);
  const run = await session.cell(
    `INSERT INTO ${names.runs} (transfer, run, execution, opened_by, plan_hash, spec)
     SELECT $1, coalesce(max(run), 0) + 1, $2, $2, $3, $4 FROM ${names.runs} WHERE transfer = $1 RETURNING run`,
    [transfer, execution, planHash, spec],
  );
  return { run: Number(run), continued: false, spec };
}

async function readTable(
  session: Session,
  names: LedgerNames,
  key: readonly [transfer: string, run: number, table: string],
): Promise<PlannedTable | null> {
  const { rows } = await session.query(
    `SELECT generation, plan, incarnation, change_marker FROM ${names.tables} WHERE transfer = $1 AND run = $2 AND table_id = $3`,
    key,
  );
  const [found] = rows;
  if (!found) return null;
  const lanes = await session.query(
    `SELECT lane, range_after, range_upto FROM ${names.lanes} WHERE transfer = $1 AND run = $2 AND table_id = $3 AND generation = $4 ORDER BY lane`,
    [...key, found[0]],
  );
  return {
    generation: Number(found[0]),
    plan: JSON.parse(found[1] ?? '') as TablePlan,
    incarnation: found[2] ?? '',
    changeMarker: found[3] ?? '',
    ranges: lanes.rows.map((lane) => ({
      lane: Number(lane[0]),
      after: positionOf(lane[1]),
      upto: positionOf(lane[2]),
    })),
  };
}

async function writePlan(
  session: Session,
  names: LedgerNames,
  ref: { readonly transfer: string; readonly run: number },
  planned: PlannedTable,
): Promise<void> {
  const { plan, generation, ranges, incarnation, changeMarker } = planned;
  await session.query(
    `INSERT INTO ${names.tables} (transfer, run, table_id, generation, plan, incarnation, change_marker) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (transfer, run, table_id) DO UPDATE SET generation = excluded.generation, plan = excluded.plan,
       incarnation = excluded.incarnation, change_marker = excluded.change_marker, planned_at = now()`,
    [ref.transfer, ref.run, plan.id, generation, JSON.stringify(plan), incarnation, changeMarker],
  );
  await session.query(
    `INSERT INTO ${names.lanes} (transfer, run, table_id, generation, lane, range_after, range_upto)
     SELECT $1, $2, $3, $4, r.* FROM unnest($5::integer[], $6::text[], $7::text[]) AS r`,
    [
      ref.transfer,
      ref.run,
      plan.id,
      generation,
      ranges.map(({ lane }) => lane),
      ranges.map(({ after }) => (after ? encodePosition(after) : null)),
      ranges.map(({ upto }) => (upto ? encodePosition(upto) : null)),
    ],
  );
}

type PlanOptions = Parameters<Ledger['planTable']>[2];

async function planTable(
  session: Session,
  names: LedgerNames,
  request: {
    readonly ref: OwnedRun;
    readonly planned: PlannedTable;
    readonly options: PlanOptions;
  },
): Promise<PlannedTable> {
  const { ref, planned, options } = request;
  const { plan, generation } = planned;
  await lockRun(session, names, ref);
  const known = await readTable(session, names, [ref.transfer, ref.run, plan.id]);
  // What stands there was cleared in the transaction that wrote it: nothing is cleared a second time.
  if (known && known.generation >= generation) return known;
  await session.query(
    `UPDATE ${names.lanes} SET ${FENCE} WHERE transfer = $1 AND run = $2 AND table_id = $3`,
    [ref.transfer, ref.run, plan.id],
  );
  if (options.replaceBy === null)
    await refuseSecondAppend(planned, async () =>
      Number(
        await session.cell(
          `SELECT coalesce(sum(rows), 0) FROM ${names.lanes} WHERE transfer = $1 AND run = $2 AND table_id = $3`,
          [ref.transfer, ref.run, plan.id],
        ),
      ),
    );
  // The rows that are copied now are newer than what was set apart. Before the clearing: a retry locks in this order too.
  await session.query(`DELETE FROM ${names.parked} WHERE transfer = $1 AND table_id = ANY($2::text[])`, [
    ref.transfer,
    staleTables(planned),
  ]);
  const clears = plan.writeMode === 'truncate' || (plan.writeMode === 'fail-if-not-empty' && generation > 1);
  await dropKeys(session, options.dropKeys ?? []);
  if (options.replaceBy) await replaceTable(session, plan, options.replaceBy);
  else if (clears) await clearTable(session, plan);
  await writePlan(session, names, ref, planned);
  return (await readTable(session, names, [ref.transfer, ref.run, plan.id])) ?? planned;
}

// Where ranges of rows stand nobody asks, many times a second.
const LANE_COLUMNS =
  "table_id, generation, lane, attempt, epoch, n, rows, bytes, ended, CASE WHEN table_id LIKE '(changes%' THEN position END";

const toProgress = laneOfCells('t');

/** The lane as the session's transaction sees it. */
export async function readLane(
  session: Session,
  names: LedgerNames,
  lane: LaneRef,
): Promise<LaneProgress | null> {
  const { rows } = await session.query(
    `SELECT ${LANE_COLUMNS} FROM ${names.lanes} WHERE ${LANE_KEY}`,
    laneKey(lane),
  );
  return rows[0] ? toProgress(rows[0]) : null;
}

/** Compare-and-set of n-1 to n; one text, so that it can follow BEGIN in the same message. */
export function renderAdvance(names: LedgerNames, { header }: Batch): string {
  const position = header.last ? `, position = ${literal(encodePosition(header.last))}` : '';
  const ended = header.end ? ', ended = true' : '';
  return `UPDATE ${names.lanes} SET n = ${header.n}, rows = rows + ${header.rows}, bytes = bytes + ${header.bytes}, applied_at = now()${position}${ended}
    WHERE transfer = ${literal(header.transfer)} AND run = ${header.run} AND table_id = ${literal(header.table)}
      AND generation = ${header.generation} AND lane = ${header.lane}
      AND attempt = ${header.attempt} AND epoch = ${literal(header.epoch)} AND n = ${header.n - 1} AND NOT ended`;
}

const newest = (names: LedgerNames): string =>
  `${names.lanes} AS l JOIN ${names.tables} AS t USING (transfer, run, table_id, generation)`;

export function createLedger(pool: Pool, options: OpenOptions['ledger']): Ledger {
  const names = ledgerNames(options);
  const inTransaction = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.transaction(work, signal, context(names));
  const read = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.use(work, signal, context(names));
  return {
    install: (signal) => inTransaction(signal, (session) => install(session, names, options)),
    openRun: (request, signal) => inTransaction(signal, (session) => openRun(session, names, request)),
    newestRun: (transfer, signal) => read(signal, (session) => newestRun(session, names, transfer)),
    readSpec: (transfer, run, signal) =>
      read(signal, (session) => readSpec(session, names, { transfer, run })),
    closeRun: (transfer, run, signal) =>
      inTransaction(signal, async (session) => {
        const { count } = await session.query(
          `UPDATE ${names.runs} SET finished_at = now() WHERE transfer = $1 AND run = $2 AND finished_at IS NULL`,
          [transfer, run],
        );
        if (count === 0) return;
        await session.query(
          `UPDATE ${names.lanes} SET ${FENCE} WHERE transfer = $1 AND run = $2 AND NOT ended`,
          [transfer, run],
        );
      }),
    planTable: (ref, planned, planOptions, signal) =>
      inTransaction(signal, (session) => planTable(session, names, { ref, planned, options: planOptions })),
    // Plan and ranges from one snapshot: two statements, and a new generation may come between them.
    readTable: (transfer, run, table, signal) =>
      inTransaction(signal, async (session) => {
        await session.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
        return readTable(session, names, [transfer, run, table]);
      }),
    openLane: (lane, signal) => inTransaction(signal, (session) => openLane(session, names, lane)),
    lanes: (transfer, run, table, signal) =>
      read(signal, async (session) => {
        const columns = LANE_COLUMNS;
        const { rows } = await session.query(
          `SELECT ${columns} FROM ${newest(names)} WHERE transfer = $1 AND run = $2 AND table_id = $3 ORDER BY lane`,
          [transfer, run, table],
        );
        return rows.map(toProgress);
      }),
    progress: (transfer, run, signal) =>
      read(signal, async (session) => {
        const { rows } = await session.query(
          `SELECT table_id, generation, count(*), count(*) FILTER (WHERE ended), sum(rows), sum(bytes)
           FROM ${newest(names)} WHERE transfer = $1 AND run = $2 GROUP BY table_id, generation ORDER BY table_id`,
          [transfer, run],
        );
        return rows.map(([table, ...counts]) => {
          const [generation = 0, lanes = 0, endedLanes = 0, count = 0, bytes = 0] = counts.map(Number);
          return { table: table ?? '', generation, lanes, endedLanes, rows: count, bytes };
        });
      }),
    forget: (finishedBefore, signal) =>
      inTransaction(signal, async (session) => {
        const { count } = await session.query(
          `DELETE FROM ${names.runs} AS r WHERE finished_at < $1::timestamptz
             AND EXISTS (SELECT FROM ${names.runs} AS later WHERE later.transfer = r.transfer AND later.run > r.run)`,
          [finishedBefore.toISOString()],
        );
        return count;
      }),
  };
}
