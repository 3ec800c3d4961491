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
import type { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import { cellOf, renderChecksum, renderRowText } from './sql/checksum-sql.ts';
import type { Pool } from './connections/pool.ts';
import type { Session } from './connections/session.ts';
import { driftDialect } from './ledger/drift.ts';
import { type ErrorContext, toSluiceError } from './error-codes.ts';
import { renderTargetWhere } from './sql/keys.ts';
import { type LedgerNames, readLane, renderAdvance } from './ledger/ledger-sql.ts';
import { parkingDialect, statementsOn } from './ledger/quarantine.ts';
import { checksumOf } from './reader.ts';
import { removeRowsOnce } from './rows/remove-once.ts';
import { emptyTable, removeRows, writeRows } from './rows/write-rows.ts';
import { writeGroups } from './rows/write-groups.ts';
import { qualified } from './sql/names.ts';
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
  if (known.code !== 'database.permission_denied') return known;
  const suggestion = `GRANT ${rights}, CREATE TEMPORARY TABLES ON ${qualified(plan.target)} TO ${session.facts.account};`;
  return toSluiceError(error, { ...context, suggestion });
}

const CHANGE_RIGHTS = 'SELECT, INSERT, UPDATE, DELETE';

/** Over after commit, rollback or the first error. */
class MysqlTransaction implements TargetTransaction {
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
      await session.query('START TRANSACTION');
      // Invariant 2: this update and the batch's rows are one transaction.
      return (await session.query(renderAdvance(this.#names, batch))).count === 1;
    }, this.#ledgerError);
  }

  readLane(lane: Parameters<TargetTransaction['readLane']>[0]): ReturnType<TargetTransaction['readLane']> {
    return this.#steps.step((session) => readLane(session, this.#names, lane), this.#ledgerError);
  }

  write(plan: TablePlan, batch: Batch): Promise<number> {
    const { loadData } = this.#pool.config;
    return this.#steps.step(
      (session) => writeRows(session, { plan, batch, loadData }),
      (error, session) => toWriteError(error, session, plan),
    );
  }

  writeGroups(plan: TablePlan, groups: readonly RowGroup[]): Promise<readonly GroupWritten[]> {
    const { loadData } = this.#pool.config;
    return this.#steps.step(
      (session) => writeGroups(session, { plan, loadData }, groups),
      (error, session) => toWriteError(error, session, plan),
    );
  }

  remove(plan: TablePlan, { data }: KeyBlock): Promise<number> {
    const { loadData } = this.#pool.config;
    return this.#steps.step(
      (session) => removeRows(session, { plan, data, loadData }),
      (error, session) => toWriteError(error, session, plan, CHANGE_RIGHTS),
    );
  }

  removeOnce(plan: TablePlan, { data }: KeyBlock): Promise<number> {
    const { loadData } = this.#pool.config;
    return this.#steps.step(
      (session) => removeRowsOnce(session, { plan, data, loadData }),
      (error, session) => toWriteError(error, session, plan, CHANGE_RIGHTS),
    );
  }

  empty(plan: TablePlan): Promise<void> {
    return this.#steps.step(
      (session) => emptyTable(session, plan),
      (error, session) => toWriteError(error, session, plan, CHANGE_RIGHTS),
    );
  }

  get parking(): TargetParking {
    const run = (text: Statement) =>
      this.#steps.step((session) => statementsOn(session)(text), this.#ledgerError);
    const query = (text: string) => (session: Session) => session.query(text);
    const dialect = parkingDialect(this.#names);
    const parking = createParking(parkingSql(dialect), dialect, run);
    const savepoint = {
      save: query('SAVEPOINT attempt'),
      keep: query('RELEASE SAVEPOINT attempt'),
      // It stays, and the next one of this name takes its place.
      back: query('ROLLBACK TO SAVEPOINT attempt'),
    };
    return {
      ...parking,
      hold: async (lane) => {
        await this.#steps.step(query('START TRANSACTION'), this.#ledgerError);
        return parking.hold(lane);
      },
      attempt: (work) => this.#steps.attempt(work, savepoint, this.#ledgerError),
    };
  }

  get drift(): TargetDrift {
    return createTargetDrift(driftDialect(this.#names), (statement) =>
      this.#steps.step((session) => statementsOn(session)(statement), this.#ledgerError),
    );
  }

  async commit(): Promise<void> {
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

export function createWriter(pool: Pool, names: LedgerNames): TargetWriter {
  const on = async <T>(
    plan: TablePlan,
    signal: AbortSignal,
    work: (session: Session) => Promise<T>,
  ): Promise<T> => {
    const run = async (session: Session): Promise<T> => {
      try {
        return await work(session);
      } catch (error) {
        throw signal.aborted ? error : toWriteError(error, session, plan);
      }
    };
    return pool.use(run, signal);
  };
  return {
    prepare: (request, signal) =>
      pool.locked('structure', (session) => prepareTable(session, request), signal, { side: 'target' }),
    preview: (request, signal) =>
      on(request.plan, signal, (session) => previewTable(session, request, pool.config.loadData)),
    hasRows: (plan, signal) =>
      on(
        plan,
        signal,
        async (session) =>
          (await session.cell(`SELECT EXISTS (SELECT 1 FROM ${qualified(plan.target)})`)) === '1',
      ),
    begin: async (signal) => new MysqlTransaction(pool, await pool.take(signal), { names, signal }),
    // The counter of AUTO_INCREMENT follows the highest value by itself when rows bring their own.
    finish: (plan, signal) =>
      on(plan, signal, async (session) => {
        await session.query(`ANALYZE TABLE ${qualified(plan.target)}`);
      }),
    countRows: (plan, signal) =>
      on(plan, signal, async (session) =>
        BigInt((await session.cell(`SELECT COUNT(*) FROM ${qualified(plan.target)}`)) ?? 0),
      ),
    checksum: (plan, range, signal) =>
      on(plan, signal, async (session) => {
        const rowText = renderRowText(plan.columns.map((column) => cellOf(column, 'target')));
        const from = qualified(plan.target);
        const { rows } = await session.query(renderChecksum(from, renderTargetWhere(plan, range), rowText));
        return checksumOf(rows[0] ?? [], plan.id);
      }),
  };
}
