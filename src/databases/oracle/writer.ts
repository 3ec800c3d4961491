import type { TargetTransaction, TargetWriter } from '../../engine/ports/target-writer.ts';
import type { Batch } from '../../model/batch.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import { COMMIT, type Pool } from './connections/pool.ts';
import type { Session } from './connections/session.ts';
import { type ErrorContext, toSluiceError } from './error-codes.ts';
import { type LedgerNames, renderAdvance, renderLockLane } from './ledger/ledger-sql.ts';
import { readLane } from './ledger/read-lanes.ts';
import { checksum } from './rows/checksum.ts';
import { writeRows } from './rows/write-rows.ts';
import { qualified } from './sql/names.ts';
import { renderCountTarget } from './sql/table-sql.ts';
import { hasRows } from './structure/clear-table.ts';
import { finishTable } from './finish-table.ts';
import { prepareTable, previewTable } from './structure/prepare-table.ts';

/** A write refused for a right gets the GRANT with its error. */
function toWriteError(error: unknown, session: Session, plan: TablePlan): SluiceError {
  const columns = plan.columns.map((column) => column.target);
  const context: ErrorContext = { side: 'target', table: plan.id, columns };
  const known = toSluiceError(error, context);
  if (known.code !== 'database.permission_denied' || known.details.suggestion !== undefined) return known;
  const suggestion = `GRANT SELECT, INSERT, UPDATE ON ${qualified(plan.target)} TO "${session.facts.user}";`;
  return toSluiceError(error, { ...context, suggestion });
}

/** The steps of one transaction on one session; over after commit, rollback or the first error. */
class OracleTransaction implements TargetTransaction {
  readonly #pool: Pool;
  readonly #session: Session;
  readonly #names: LedgerNames;
  readonly #signal: AbortSignal;
  #over = false;

  constructor(
    pool: Pool,
    session: Session,
    options: { readonly names: LedgerNames; readonly signal: AbortSignal },
  ) {
    this.#pool = pool;
    this.#session = session;
    this.#names = options.names;
    this.#signal = options.signal;
    this.#signal.addEventListener('abort', this.#cancel, { once: true });
  }

  readonly #cancel = (): void => this.#session.cancel();

  /** A step of the transaction. Its first error closes the connection: what a statement undid of itself alone is not asked. */
  async #step<T>(work: () => Promise<T>, toError: (error: unknown) => unknown): Promise<T> {
    if (this.#over) throw new SluiceError('internal', 'the transaction is over');
    try {
      this.#signal.throwIfAborted();
      return await work();
    } catch (error) {
      this.#end(false);
      throw this.#signal.aborted ? this.#signal.reason : toError(error);
    }
  }

  #end(clean: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#signal.removeEventListener('abort', this.#cancel);
    if (clean) this.#pool.give(this.#session);
    else this.#pool.discard(this.#session);
  }

  readonly #ledgerError = (error: unknown): unknown =>
    toSluiceError(error, { side: 'ledger', where: this.#names.schema });

  advance(batch: Batch): Promise<boolean> {
    return this.#step(async () => {
      // An update would wait for the lane's row without an end.
      await this.#session.run(renderLockLane(this.#names, batch.header));
      // Invariant 2: this update and the batch's rows are one transaction.
      return (await this.#session.run(renderAdvance(this.#names, batch))).count === 1;
    }, this.#ledgerError);
  }

  readLane(lane: Parameters<TargetTransaction['readLane']>[0]): ReturnType<TargetTransaction['readLane']> {
    return this.#step(() => readLane(this.#session, this.#names, lane), this.#ledgerError);
  }

  write(plan: TablePlan, batch: Batch): Promise<number> {
    const { emptyText } = this.#pool.config;
    return this.#step(
      () => writeRows(this.#session, { plan, batch, emptyText }),
      (error) => toWriteError(error, this.#session, plan),
    );
  }

  async commit(): Promise<void> {
    await this.#step(
      () => this.#session.query(COMMIT),
      (error) => toSluiceError(error, { side: 'target' }),
    );
    this.#end(true);
  }

  async rollback(): Promise<void> {
    if (this.#over) return;
    await this.#step(() => this.#session.query('ROLLBACK'), this.#ledgerError);
    this.#end(true);
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
