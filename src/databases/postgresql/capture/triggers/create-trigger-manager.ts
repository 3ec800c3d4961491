import type {
  CapturedTable,
  DeployOutcome,
  TableToCapture,
  TriggerManager,
} from '../../../../engine/ports/trigger-manager.ts';
import type { CapturePlace } from '../../../../model/capture-spec.ts';
import { isSluiceError, SluiceError } from '../../../../model/sluice-error.ts';
import { type TableName, tableId } from '../../../../model/table-name.ts';
import { incarnation } from '../../incarnation.ts';
import type { Pool, Session } from '../../pool.ts';
import { qualified, quote } from '../../sql.ts';
import { captureNames } from '../capture-tables.ts';
import { readKnown } from './captured-tables.ts';
import { deployTable, dropTable, type ReadyTable } from './deploy-triggers.ts';
import { demandInstalled, install, isInstalled, removeInstallation } from './installation.ts';
import { refusalsOf } from './judge-table.ts';
import { makeSubject } from './make-subject.ts';
import { planTriggers } from './plan-triggers.ts';
import { isIntact, ofTable, readStanding } from './standing-triggers.ts';
import { readFacts } from './table-facts.ts';
import { ATTEMPTS, withLock } from './with-lock.ts';

/** Everything of a table but what its lock is needed for. @throws SluiceError capture.table_unsupported, capture.condition_invalid */
async function makeReady(session: Session, place: CapturePlace, wanted: TableToCapture): Promise<ReadyTable> {
  const { table } = wanted.table;
  const facts = await readFacts(session, table, place.schema);
  const [refused] = refusalsOf(wanted, facts);
  if (facts === null || refused !== undefined)
    throw new SluiceError('capture.table_unsupported', `${tableId(table)}: ${refused}`, {
      table: tableId(table),
    });
  const subject = await makeSubject(session, wanted, { facts, place, number: 0 });
  return { wanted, oid: facts.oid, subject };
}

async function captured(
  session: Session,
  place: CapturePlace,
  dropped = false,
): Promise<readonly CapturedTable[]> {
  if (!(await isInstalled(session, place))) return [];
  const standing = await readStanding(session, place);
  return (await readKnown(session, place))
    .filter(({ isDropped }) => dropped || !isDropped)
    .map(({ number, oid, table, columns, primaryKey, spec, definitions, isDropped }) => ({
      number,
      table,
      columns,
      primaryKey,
      spec,
      intact: !isDropped && isIntact(definitions, ofTable(standing, oid)),
    }));
}

/**
 * Triggers of PostgreSQL. Each table is deployed in a transaction of its own, with what the installation knows of it.
 * @param attempts  how often a table that others hold is tried
 */
export function createTriggerManager(pool: Pool, place: CapturePlace, attempts = ATTEMPTS): TriggerManager {
  /** What a user lacks who may not make triggers; else the functions are somebody else's. */
  const missingRight = async (error: SluiceError, table: TableName): Promise<string | null> => {
    if (error.details.vendorCode !== '42501') return null;
    const { signal } = new AbortController();
    const may = await pool.use(
      (session) => session.cell(`SELECT has_table_privilege($1, 'TRIGGER')`, [qualified(table)]),
      signal,
    );
    return may === 't'
      ? 'deploy as the user who installed the capture'
      : `GRANT TRIGGER ON ${qualified(table)} TO ${quote(pool.user)};`;
  };
  /** Of one table: what went wrong with it is told, and the others go on. */
  const outcome = async (
    table: TableName,
    work: () => Promise<DeployOutcome['done']>,
  ): Promise<DeployOutcome> => {
    try {
      return { table, done: await work(), error: null };
    } catch (error) {
      if (!isSluiceError(error)) throw error;
      const suggestion = error.details.suggestion ?? (await missingRight(error, table));
      return { table, done: 'failed', error: { code: error.code, message: error.message, suggestion } };
    }
  };
  const deploy = (wanted: TableToCapture, signal: AbortSignal): Promise<DeployOutcome> =>
    outcome(wanted.table.table, async () => {
      const context = { table: tableId(wanted.table.table) };
      const ready = await pool.use((session) => makeReady(session, place, wanted), signal, context);
      const request = { table: wanted.table.table, attempts };
      const changed = await withLock(pool, request, (session) => deployTable(session, place, ready), signal);
      return changed ? 'deployed' : 'unchanged';
    });
  const drop = (table: TableName, signal: AbortSignal): Promise<DeployOutcome> =>
    outcome(table, async () => {
      const had = await withLock(
        pool,
        { table, attempts },
        (session) => dropTable(session, place, table),
        signal,
      );
      return had ? 'dropped' : 'unchanged';
    });
  const use = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.use(work, signal, { where: place.schema });
  return {
    install: (signal) =>
      pool.transaction((session) => install(session, place), signal, { where: place.schema }),
    isInstalled: (signal) => use(signal, (session) => isInstalled(session, place)),
    incarnation: (signal) =>
      use(signal, async (session) => {
        await demandInstalled(session, place);
        const id = await session.cell(`SELECT id FROM ${captureNames(place).installation}`);
        return `${id}/${await incarnation(session)}`;
      }),
    plan: (tables, signal) => use(signal, (session) => planTriggers(session, place, tables)),
    async deploy(tables, signal) {
      await use(signal, (session) => demandInstalled(session, place));
      const outcomes: DeployOutcome[] = [];
      for (const table of tables) outcomes.push(await deploy(table, signal));
      return outcomes;
    },
    async drop(tables, signal) {
      await use(signal, (session) => demandInstalled(session, place));
      const outcomes: DeployOutcome[] = [];
      for (const table of tables) outcomes.push(await drop(table, signal));
      return outcomes;
    },
    captured: (signal, options) => use(signal, (session) => captured(session, place, options?.dropped)),
    async uninstall(signal) {
      if (!(await use(signal, (session) => isInstalled(session, place)))) return;
      const tables = await use(signal, async (session) => {
        const standing = await readStanding(session, place);
        return new Map(standing.map(({ table }) => [tableId(table), table]));
      });
      for (const table of tables.values())
        await withLock(pool, { table, attempts }, (session) => dropTable(session, place, table), signal);
      const events = { schema: place.schema, name: 'event_logs' };
      await withLock(
        pool,
        { table: events, attempts },
        (session) => removeInstallation(session, place),
        signal,
      );
    },
  };
}
