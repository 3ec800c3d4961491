import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type {
  CapturedTable,
  DeployOutcome,
  PlannedTrigger,
  TableToCapture,
  TriggerManager,
  TriggerPlan,
} from '../../../engine/ports/trigger-manager.ts';
import { isSluiceError } from '../../../model/sluice-error.ts';
import { tableId, type TableName } from '../../../model/table-name.ts';
import type { Pool } from '../connections/pool.ts';
import { reading, type Session, writing } from '../connections/session.ts';
import type { Thread } from '../connections/start-thread.ts';
import { classify } from '../error-codes.ts';
import { quote } from '../sql.ts';
import { CAPTURE_VERSION, captureTables, installStatements, isOurs } from './capture-tables.ts';
import {
  type CapturedState,
  isInstalled,
  readState,
  readTriggers,
  requireInstalled,
  type StoredTable,
  storedTables,
} from './captured-state.ts';
import { checkExpression } from './triggers/check-expression.ts';
import { deployTable, dropTable } from './deploy-table.ts';
import { type PlannedCapture, planCapture, plannedTriggers, standingOn } from './plan-table.ts';

/** Where the capture stands. */
export interface CaptureFile {
  readonly pool: Pool;
  readonly path: string;
  readonly prefix: string;
}

const now = (): string => new Date().toISOString();

async function install(session: Session, { prefix }: CaptureFile): Promise<void> {
  const tables = captureTables(prefix);
  for (const sql of installStatements(tables)) await session.run(sql);
  await session.run(
    `INSERT INTO ${tables.installation} (one, id, version, installed_at) SELECT 1, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM ${tables.installation})`,
    [randomUUID(), BigInt(CAPTURE_VERSION), now()],
  );
  // Each version so far has only made tables.
  await session.run(
    `UPDATE ${tables.installation} SET version = ${CAPTURE_VERSION} WHERE version < ${CAPTURE_VERSION}`,
  );
}

/** The file too: a copy of it has the same installation, and is another database. */
async function incarnation(file: CaptureFile, signal: AbortSignal): Promise<string> {
  const id = await reading(file.pool, signal, async (session) => {
    await requireInstalled(session, file.prefix);
    const [row] = await session.rows(`SELECT id FROM ${captureTables(file.prefix).installation}`);
    return String(row?.[0]);
  });
  const { ino, birthtimeNs } = await stat(file.path, { bigint: true });
  return `${id}:${ino}:${birthtimeNs}`;
}

/** @throws SluiceError capture.condition_invalid */
async function checkSpec(
  { table, spec }: TableToCapture,
  thread: Thread,
  signal: AbortSignal,
): Promise<void> {
  const check = (what: string, sql: string): Promise<void> =>
    checkExpression(sql, { table, what }, { thread, signal });
  if (spec.where !== undefined) await check('the condition', spec.where);
  for (const [name, sql] of Object.entries(spec.expressions ?? {})) {
    await check(`the expression ${JSON.stringify(name)}`, sql);
  }
  if (typeof spec.key === 'object' && 'expression' in spec.key) await check('the key', spec.key.expression);
}

const checkSpecs = (
  { pool }: CaptureFile,
  tables: readonly TableToCapture[],
  signal: AbortSignal,
): Promise<void> =>
  pool.query(async (thread) => {
    for (const table of tables) await checkSpec(table, thread, signal);
  }, signal);

function planAll(
  state: CapturedState,
  tables: readonly TableToCapture[],
  prefix: string,
): readonly PlannedCapture[] {
  let number = state.nextNumber;
  return tables.map((request) => {
    const planned = planCapture(request, state, { prefix, number });
    if (planned.stored === null) number += 1;
    return planned;
  });
}

async function plan(
  file: CaptureFile,
  tables: readonly TableToCapture[],
  signal: AbortSignal,
): Promise<TriggerPlan> {
  await checkSpecs(file, tables, signal);
  const state = await reading(file.pool, signal, (session) => readState(session, file.prefix));
  const planned = planAll(state, tables, file.prefix);
  const texts = (of: 'warnings' | 'refusals') =>
    planned.flatMap((each) => each[of].map((text) => ({ table: each.request.table.table, text })));
  const possible = planned.filter(({ refusals }) => refusals.length === 0);
  const named = new Set(planned.flatMap((each) => standingOn(each, state.triggers).map(({ name }) => name)));
  const orphans = state.triggers
    .filter(({ name }) => !named.has(name))
    .map(
      ({ name, sql, table }): PlannedTrigger => ({
        table: { schema: 'main', name: table },
        name,
        state: 'orphan',
        before: sql,
        after: null,
      }),
    );
  return {
    triggers: [...possible.flatMap((each) => plannedTriggers(each, state.triggers)), ...orphans],
    warnings: texts('warnings'),
    refusals: texts('refusals'),
  };
}

/** What befalls one table is told and stops no other; nothing else is swallowed. */
async function outcomeOf(
  table: TableName,
  signal: AbortSignal,
  work: () => Promise<DeployOutcome['done']>,
): Promise<DeployOutcome> {
  try {
    return { table, done: await work(), error: null };
  } catch (error) {
    if (signal.aborted || !isSluiceError(error) || error.code === 'capture.not_installed') throw error;
    const suggestion = error.details.suggestion ?? null;
    return {
      table,
      done: 'failed',
      error: { code: classify(error), message: `${tableId(table)}: ${error.message}`, suggestion },
    };
  }
}

async function captured(
  session: Session,
  prefix: string,
  dropped = false,
): Promise<readonly CapturedTable[]> {
  if (!(await isInstalled(session, prefix))) return [];
  const { tables, triggers } = await readState(session, prefix);
  const toCaptured = ({ number, name, spec, shape }: StoredTable, intact: boolean): CapturedTable => ({
    number,
    table: { schema: 'main', name },
    columns: shape.columns.map((column) => column.name),
    primaryKey: shape.key,
    spec,
    intact,
  });
  const isIntact = ({ name, definitions }: StoredTable): boolean =>
    definitions.every(({ name: wanted, sql }) =>
      triggers.some(
        (trigger) =>
          trigger.name === wanted &&
          trigger.sql === sql &&
          trigger.table.toLowerCase() === name.toLowerCase(),
      ),
    );
  const gone = dropped ? await storedTables(session, prefix, { dropped }) : [];
  return [
    ...gone.map((table) => toCaptured(table, false)),
    ...tables.map((table) => toCaptured(table, isIntact(table))),
  ];
}

/** Of ours only what the capture made; the ledger of a target may have the same prefix, and sqlite_sequence is SQLite's own. */
async function uninstall(session: Session, prefix: string): Promise<void> {
  if (!(await isInstalled(session, prefix))) return;
  for (const { name } of await readTriggers(session, prefix))
    await session.run(`DROP TRIGGER ${quote(name)}`);
  const { texts } = await readState(session, prefix);
  for (const name of texts.keys()) if (isOurs(prefix, name)) await session.run(`DROP TABLE ${quote(name)}`);
}

export function createTriggerManager(file: CaptureFile): TriggerManager {
  const { pool, prefix } = file;
  return {
    install: (signal) => writing(pool, signal, (session) => install(session, file)),
    isInstalled: (signal) => reading(pool, signal, (session) => isInstalled(session, prefix)),
    incarnation: (signal) => incarnation(file, signal),
    plan: (tables, signal) => plan(file, tables, signal),
    async deploy(tables, signal) {
      await checkSpecs(file, tables, signal);
      const outcomes: DeployOutcome[] = [];
      for (const request of tables) {
        const work = () => writing(pool, signal, (session) => deployTable(session, request, prefix));
        outcomes.push(await outcomeOf(request.table.table, signal, work));
      }
      return outcomes;
    },
    async drop(tables, signal) {
      const outcomes: DeployOutcome[] = [];
      for (const table of tables) {
        const work = () => writing(pool, signal, (session) => dropTable(session, table, prefix));
        outcomes.push(await outcomeOf(table, signal, work));
      }
      return outcomes;
    },
    captured: (signal, options) =>
      reading(pool, signal, (session) => captured(session, prefix, options?.dropped)),
    uninstall: (signal) => writing(pool, signal, (session) => uninstall(session, prefix)),
  };
}
