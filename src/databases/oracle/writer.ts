import { SessionSteps } from '../../engine/driver/session-steps.ts';
import type { TargetParking } from '../../engine/ports/target-parking.ts';
import type {
  GroupWritten,
  KeyBlock,
  RowGroup,
  TargetTransaction,
  TargetWriter,
} from '../../engine/ports/target-writer.ts';
import { createTargetDrift } from '../../engine/changes/drift/create-drift.ts';
import type { TargetDrift } from '../../engine/ports/target-drift.ts';
import { createParking } from '../../engine/quarantine/create-parking.ts';
import { parkingSql } from '../../engine/quarantine/parking-sql.ts';
import type { Batch } from '../../model/batch.ts';
import type { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import { COMMIT, type Pool } from './connections/pool.ts';
import type { Session } from './connections/session.ts';
import { type ErrorContext, toSluiceError } from './error-codes.ts';
import { type LedgerNames, renderAdvance, renderLockLane } from './ledger/ledger-sql.ts';
import { driftDialect } from './ledger/drift.ts';
import { CHECK_NOW, DEFER } from './ledger/late-checks.ts';
import { parkingDialect, ROLLBACK_TO, SAVEPOINT, statementsOn } from './ledger/quarantine.ts';
import { readLane } from './ledger/read-lanes.ts';
import { checksum } from './rows/checksum.ts';
import { removeRows, writeGroups, writeRows } from './rows/write-rows.ts';
import { qualified } from './sql/names.ts';
import { renderDelete } from './sql/structure-sql.ts';
import { renderCountTarget } from './sql/table-sql.ts';
import { hasRows } from './structure/clear-table.ts';
import { finishTable } from './finish-table.ts';
import { prepareTable, previewTable } from './structure/prepare-table.ts';

/** A write refused for a right gets the GRANT with its error. */
function toWriteError(
  error: unknown,
  session: Session,
  plan: TablePlan,
  rights = 'SELECT, INSERT, UPDATE',
): SluiceError {
  const columns = plan.columns.map((column) => column.target);
  const context: ErrorContext = { side: 'target', table: plan.id, columns };
  const known = toSluiceError(error, context);
  if (known.code !== 'database.permission_denied' || known.details.suggestion !== undefined) return known;
  const suggestion = `GRANT ${rights} ON ${qualified(plan.target)} TO "${session.facts.user}";`;
  return toSluiceError(error, { ...context, suggestion });
}

const CHANGE_RIGHTS = 'SELECT, INSERT, UPDATE, DELETE';

/** Over after commit, rollback or the first error. */
class OracleTransaction implements TargetTransaction {
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
    return this.#steps.step(async (session) => {
      // An update would wait for the lane's row without an end.
      await session.run(renderLockLane(this.#names, batch.header));
      if (batch.header.operation === 'changes') await session.query(DEFER);
      // Invariant 2: this update and the batch's rows are one transaction.
      return (await session.run(renderAdvance(this.#names, batch))).count === 1;
    }, this.#ledgerError);
  }

  readLane(lane: Parameters<TargetTransaction['readLane']>[0]): ReturnType<TargetTransaction['readLane']> {
    return this.#steps.step((session) => readLane(session, this.#names, lane), this.#ledgerError);
  }

  write(plan: TablePlan, batch: Batch): Promise<number> {
    const { emptyText } = this.#pool.config;
    return this.#steps.step(
      (session) => writeRows(session, { plan, batch, emptyText }),
      (error, session) => toWriteError(error, session, plan),
    );
  }

  writeGroups(plan: TablePlan, groups: readonly RowGroup[]): Promise<readonly GroupWritten[]> {
    const { emptyText } = this.#pool.config;
    return this.#steps.step(
      (session) => writeGroups(session, { plan, emptyText }, groups),
      (error, session) => toWriteError(error, session, plan),
    );
  }

  remove(plan: TablePlan, { data }: KeyBlock): Promise<number> {
    const { emptyText } = this.#pool.config;
    return this.#steps.step(
      (session) => removeRows(session, { plan, data, emptyText }),
      (error, session) => toWriteError(error, session, plan, CHANGE_RIGHTS),
    );
  }

  /** Not by TRUNCATE, which commits. */
  empty(plan: TablePlan): Promise<void> {
    return this.#steps.step(
      async (session) => {
        await session.query(renderDelete(plan.target));
      },
      (error, session) => toWriteError(error, session, plan, CHANGE_RIGHTS),
    );
  }

  get parking(): TargetParking {
    const dialect = parkingDialect(this.#names);
    const savepoint = {
      save: (session: Session) => session.query(SAVEPOINT),
      // It ends with the transaction, or where the next one of this name begins.
      keep: () => Promise.resolve(),
      back: async (session: Session) => {
        await session.query(ROLLBACK_TO);
        await session.query(DEFER);
      },
    };
    const parking = createParking(parkingSql(dialect), dialect, (statement) =>
      this.#steps.step((session) => statementsOn(session)(statement), this.#ledgerError),
    );
    const query = (text: string) => (session: Session) => session.query(text);
    return {
      ...parking,
      hold: async (lane) => {
        const isHeld = await parking.hold(lane);
        if (isHeld) await this.#steps.step(query(DEFER), this.#ledgerError);
        return isHeld;
      },
      attempt: (work) => this.#steps.attempt(work, savepoint, this.#ledgerError),
      check: async () => {
        const toError = (error: unknown) => toSluiceError(error, { side: 'target' });
        await this.#steps.step(query(CHECK_NOW), toError);
        await this.#steps.step(query(DEFER), toError);
      },
    };
  }

  get drift(): TargetDrift {
    return createTargetDrift(driftDialect(this.#names), (statement) =>
      this.#steps.step((session) => statementsOn(session)(statement), this.#ledgerError),
    );
  }

  async commit(): Promise<void> {
    // What waits is checked here.
    await this.#steps.last(
      (session) => session.query(COMMIT),
      (error) => toSluiceError(error, { side: 'target' }),
    );
  }

  async rollback(): Promise<void> {
    if (this.#steps.over) return;
    await this.#steps.last((session) => session.query('ROLLBACK'), this.#ledgerError);
  }
}

export function createWriter(pool: Pool, names: LedgerNames): TargetWriter {
  const on = <T>(plan: TablePlan, signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.use(async (session) => {
      try {
        return await work(session);
      } catch (error) {
        throw signal.aborted ? error : toWriteError(error, session, plan);
      }
    }, signal);
  return {
    prepare: (request, signal) => on(request.plan, signal, (session) => prepareTable(session, request)),
    preview: (request, signal) => on(request.plan, signal, (session) => previewTable(session, request)),
    hasRows: (plan, signal) => on(plan, signal, (session) => hasRows(session, plan)),
    begin: async (signal) => new OracleTransaction(pool, await pool.take(signal), { names, signal }),
    finish: (plan, signal) => on(plan, signal, (session) => finishTable(session, plan)),
    countRows: (plan, signal) =>
      on(plan, signal, async (session) => BigInt((await session.cell(renderCountTarget(plan))) ?? 0)),
    checksum: (plan, range, signal) =>
      on(plan, signal, (session) => checksum(session, { plan, side: 'target', range })),
  };
}
