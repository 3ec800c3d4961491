import type { OpenOptions } from '../../engine/ports/dialect.ts';
import { SessionSteps } from '../../engine/driver/session-steps.ts';
import { createTargetDrift } from '../../engine/changes/drift/create-drift.ts';
import type { TargetDrift } from '../../engine/ports/target-drift.ts';
import type { TargetParking } from '../../engine/ports/target-parking.ts';
import type {
  GroupWritten,
  KeyBlock,
  RowGroup,
  TargetTransaction,
  TargetWriter,
} from '../../engine/ports/target-writer.ts';
import { createParking } from '../../engine/quarantine/create-parking.ts';
import { parkingSql } from '../../engine/quarantine/parking-sql.ts';
import type { Statement } from '../../engine/quarantine/statement.ts';
import type { Batch } from '../../model/batch.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { SluiceError } from '../../model/sluice-error.ts';
import { driftDialect } from './drift.ts';
import { type ErrorContext, toSluiceError } from './error-codes.ts';
import { type LedgerNames, ledgerNames, readLane, renderAdvance } from './ledger.ts';
import type { Pool, Session } from './pool.ts';
import { parkingDialect, statementsOn } from './quarantine.ts';
import { checksumOf } from './reader.ts';
import { removeRowsOnce } from './rows/remove-once.ts';
import { emptyTable, removeRows, writeRows } from './rows/write-rows.ts';
import { writeGroups } from './rows/write-groups.ts';
import { targetFrom } from './rows/target-from.ts';
import { qualified, quote, renderTargetConditions } from './sql.ts';
import { prepareTable, previewTable } from './structure/prepare-table.ts';

/** A write refused for a right gets the GRANT with its error. */
function toWriteError(
  error: unknown,
  pool: Pool,
  plan: TablePlan,
  rights = 'SELECT, INSERT, UPDATE',
): SluiceError {
  const columns = plan.columns.map((column) => column.target);
  const context: ErrorContext = { side: 'target', table: plan.id, columns };
  const known = toSluiceError(error, context);
  if (known.code !== 'database.permission_denied') return known;
  const suggestion = `GRANT ${rights} ON ${qualified(plan.target)} TO ${quote(pool.user)};`;
  return toSluiceError(error, { ...context, suggestion });
}

const CHANGE_RIGHTS = 'SELECT, INSERT, UPDATE, DELETE';

const BEGIN = 'BEGIN; SET LOCAL synchronous_commit = on';
// Changes come in no order of constraints: those that can wait do.
const DEFER = 'SET CONSTRAINTS ALL DEFERRED';

/** Over after commit, rollback or the first error. */
class PostgresTransaction implements TargetTransaction {
  readonly #steps: SessionSteps<Session>;
  readonly #pool: Pool;
  readonly #names: LedgerNames;

  constructor(
    pool: Pool,
    session: Session,
    options: { readonly names: LedgerNames; readonly signal: AbortSignal },
  ) {
    this.#steps = new SessionSteps(pool, session, options.signal);
    this.#pool = pool;
    this.#names = options.names;
  }

  readonly #ledgerError = (error: unknown): unknown =>
    toSluiceError(error, { side: 'ledger', where: this.#names.schema });

  advance(batch: Batch): Promise<boolean> {
    // Invariant 2: this update and the batch's rows are one transaction. It is synchronous whatever the role's default.
    const deferred = batch.header.operation === 'changes' ? `${DEFER}; ` : '';
    const text = `${BEGIN}; ${deferred}${renderAdvance(this.#names, batch)}`;
    return this.#steps.step(async (session) => (await session.query(text)).count === 1, this.#ledgerError);
  }

  readLane(lane: Parameters<TargetTransaction['readLane']>[0]): ReturnType<TargetTransaction['readLane']> {
    return this.#steps.step((session) => readLane(session, this.#names, lane), this.#ledgerError);
  }

  write(plan: TablePlan, batch: Batch): Promise<number> {
    return this.#steps.step(
      (session) => writeRows(session, plan, batch),
      (error) => toWriteError(error, this.#pool, plan),
    );
  }

  writeGroups(plan: TablePlan, groups: readonly RowGroup[]): Promise<readonly GroupWritten[]> {
    return this.#steps.step(
      (session) => writeGroups(session, plan, groups),
      (error) => toWriteError(error, this.#pool, plan),
    );
  }

  remove(plan: TablePlan, keys: KeyBlock): Promise<number> {
    return this.#steps.step(
      (session) => removeRows(session, plan, keys),
      (error) => toWriteError(error, this.#pool, plan, CHANGE_RIGHTS),
    );
  }

  removeOnce(plan: TablePlan, rows: KeyBlock): Promise<number> {
    return this.#steps.step(
      (session) => removeRowsOnce(session, plan, rows),
      (error) => toWriteError(error, this.#pool, plan, CHANGE_RIGHTS),
    );
  }

  empty(plan: TablePlan): Promise<void> {
    return this.#steps.step(
      (session) => emptyTable(session, plan),
      (error) => toWriteError(error, this.#pool, plan, CHANGE_RIGHTS),
    );
  }

  get parking(): TargetParking {
    const run = (text: Statement) =>
      this.#steps.step((session) => statementsOn(session)(text), this.#ledgerError);
    const query = (text: string) => (session: Session) => session.query(text);
    const dialect = parkingDialect(this.#names);
    const parking = createParking(parkingSql(dialect), dialect, run);
    return {
      ...parking,
      hold: async (lane) => {
        await this.#steps.step(query(`${BEGIN}; ${DEFER}`), this.#ledgerError);
        return parking.hold(lane);
      },
      attempt: (work) =>
        this.#steps.attempt(
          work,
          {
            save: query('SAVEPOINT attempt'),
            keep: query('RELEASE SAVEPOINT attempt'),
            back: query('ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt'),
          },
          this.#ledgerError,
        ),
      check: async () => {
        const check = query(`SET CONSTRAINTS ALL IMMEDIATE; ${DEFER}`);
        await this.#steps.step(check, (error) => toSluiceError(error, { side: 'target' }));
      },
    };
  }

  get drift(): TargetDrift {
    return createTargetDrift(driftDialect(this.#names), (statement) =>
      this.#steps.step((session) => statementsOn(session)(statement), this.#ledgerError),
    );
  }

  async commit(): Promise<void> {
    // A deferred constraint is checked here.
    await this.#steps.last(
      (session) => session.query('COMMIT'),
      (error) => toSluiceError(error, { side: 'target' }),
    );
  }

  async rollback(): Promise<void> {
    if (this.#steps.over) return;
    await this.#steps.last((session) => session.query('ROLLBACK'), this.#ledgerError);
  }
}

/** Sequences that belong to a column, as identity or of a serial column, and those that a default draws from. */
const SEQUENCES = `
  WITH t AS (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2),
  drawn AS (
    SELECT d.refobjsubid AS attnum, d.objid AS sequence FROM t JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    UNION
    SELECT f.adnum, d.refobjid FROM t JOIN pg_attrdef f ON f.adrelid = t.oid JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass)
  SELECT a.attname, format('%I.%I', sn.nspname, s.relname), s.oid
  FROM drawn JOIN pg_class s ON s.oid = drawn.sequence AND s.relkind = 'S' JOIN pg_namespace sn ON sn.oid = s.relnamespace
  JOIN pg_attribute a ON a.attrelid = (SELECT oid FROM t) AND a.attnum = drawn.attnum`;

async function finish(session: Session, plan: TablePlan): Promise<void> {
  const table = qualified(plan.target);
  const { rows } = await session.query(SEQUENCES, [plan.target.schema, plan.target.name]);
  for (const [column, sequence, oid] of rows) {
    const planned = plan.columns.find((each) => each.target === column);
    if (!planned || !sequence) continue;
    // Only ever forward in the direction of the sequence: a second call, or an application that went on, changes nothing.
    await session.query(
      `SELECT setval(q.oid, m.edge) FROM (SELECT $1::oid::regclass AS oid, seqincrement AS step FROM pg_sequence WHERE seqrelid = $1::oid) AS q,
         ${sequence} AS s, LATERAL (SELECT CASE WHEN q.step > 0 THEN max(${quote(planned.target)}) ELSE min(${quote(planned.target)}) END::bigint AS edge FROM ${table}) AS m
       WHERE m.edge IS NOT NULL AND CASE WHEN q.step > 0 THEN m.edge > s.last_value OR (m.edge = s.last_value AND NOT s.is_called) ELSE m.edge < s.last_value OR (m.edge = s.last_value AND NOT s.is_called) END`,
      [oid],
    );
  }
  await session.query(`ANALYZE ${table}`);
}

export function createWriter(pool: Pool, options: Pick<OpenOptions, 'ledger'>): TargetWriter {
  const names = ledgerNames(options.ledger);
  const on = async <T>(
    plan: TablePlan,
    signal: AbortSignal,
    work: (session: Session) => Promise<T>,
  ): Promise<T> => {
    const run = async (session: Session): Promise<T> => {
      try {
        return await work(session);
      } catch (error) {
        throw signal.aborted ? error : toWriteError(error, pool, plan);
      }
    };
    return pool.use(run, signal);
  };
  return {
    prepare: (request, signal) =>
      pool.transaction((session) => prepareTable(session, request), signal, { side: 'target' }),
    preview: (request, signal) => on(request.plan, signal, (session) => previewTable(session, request)),
    hasRows: (plan, signal) =>
      on(
        plan,
        signal,
        async (session) =>
          (await session.cell(`SELECT EXISTS (SELECT FROM ${await targetFrom(session, plan)})`)) === 't',
      ),
    begin: async (signal) => new PostgresTransaction(pool, await pool.take(signal), { names, signal }),
    finish: (plan, signal) => on(plan, signal, (session) => finish(session, plan)),
    countRows: (plan, signal) =>
      on(plan, signal, async (session) =>
        BigInt((await session.cell(`SELECT count(*) FROM ${await targetFrom(session, plan)}`)) ?? 0),
      ),
    checksum: (plan, range, signal) =>
      on(plan, signal, async (session) => {
        const renders = plan.columns.map((column) => column.renderTarget);
        return checksumOf(
          session,
          renders,
          await targetFrom(session, plan),
          renderTargetConditions(plan, range),
        );
      }),
  };
}
