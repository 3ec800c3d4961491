import { findKnown } from '../../../engine/capture/triggers/known-table.ts';
import type {
  CapturedTable,
  DeployOutcome,
  TableToCapture,
  TriggerManager,
} from '../../../engine/ports/trigger-manager.ts';
import type { CaptureStaging } from '../../../model/capture-spec.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { type TableName, tableId } from '../../../model/table-name.ts';
import type { Pool } from '../connections/pool.ts';
import type { Session } from '../connections/session.ts';
import { inCapture } from './capture-errors.ts';
import type { CaptureNames } from './capture-names.ts';
import { demandInstalled, install, isInstalled, removeInstallation } from './installation.ts';
import { renderInstalled } from './sql/install-sql.ts';
import { asDeployer, dropTriggers, failureOf, makeTrigger } from './triggers/deploy-table.ts';
import { addKnown, markDropped, readKnown, writeKnown } from './triggers/known-tables.ts';
import { type Designed, designTriggers, planOf, stepsOf } from './triggers/make-plan.ts';
import { hashOf, isIntact, NO_DEFINITIONS, ofTable, readStanding } from './triggers/standing-triggers.ts';

interface Deps {
  readonly pool: Pool;
  readonly names: CaptureNames;
  readonly staging: CaptureStaging;
  /** Identity of the database itself. */
  readonly incarnation: (signal: AbortSignal) => Promise<string>;
}

/** Makes one table's trigger, and writes down what stands then. A failure is told, and is none of the other tables. */
async function deployTable(
  session: Session,
  names: CaptureNames,
  designed: Designed,
  signal: AbortSignal,
): Promise<DeployOutcome> {
  const { wanted, subject, trigger, text, known } = designed;
  const { table } = wanted.table;
  const { isMade, gone } = stepsOf(designed);
  try {
    if (!isMade) await makeTrigger(session, names, designed, signal);
    await dropTriggers(session, names, gone, signal);
    const standing = ofTable(await readStanding(session, names), table);
    const printed = standing.find(({ name }) => name === trigger.name)?.text ?? '';
    await writeKnown(session, names, {
      number: subject.number,
      wanted,
      definitions: { wanted: hashOf(text), printed: hashOf(printed) },
    });
    const isSame = isMade && gone.length === 0 && known?.isCaptured === true;
    return { table, done: isSame ? 'unchanged' : 'deployed', error: null };
  } catch (error) {
    if (session.ended) throw error;
    return failureOf(session, names, table, error);
  }
}

async function deploy(
  session: Session,
  { names }: Deps,
  tables: readonly TableToCapture[],
  signal: AbortSignal,
): Promise<readonly DeployOutcome[]> {
  await demandInstalled(session, names);
  const before = await readKnown(session, names);
  // Their SQL is looked at before anything is written down.
  await designTriggers(session, names, { tables, known: before });
  for (const { table } of tables)
    if (!findKnown(before, table.table)) await addKnown(session, names, table.table);
  const known = await readKnown(session, names);
  const design = await designTriggers(session, names, { tables, known });
  const refused = new Map<string, DeployOutcome>();
  for (const { table, text } of design.refusals) {
    const error = new SluiceError('capture.table_unsupported', text);
    if (!refused.has(tableId(table))) refused.set(tableId(table), failureOf(session, names, table, error));
  }
  const deployed = await asDeployer(session, async () => {
    const outcomes: DeployOutcome[] = [];
    for (const each of design.tables) outcomes.push(await deployTable(session, names, each, signal));
    return outcomes;
  });
  return [...refused.values(), ...deployed];
}

async function drop(
  session: Session,
  { names }: Deps,
  tables: readonly TableName[],
  signal: AbortSignal,
): Promise<readonly DeployOutcome[]> {
  await demandInstalled(session, names);
  const known = await readKnown(session, names);
  const standing = await readStanding(session, names);
  return asDeployer(session, async () => {
    const outcomes: DeployOutcome[] = [];
    for (const table of tables) {
      const own = ofTable(standing, table);
      const found = findKnown(known, table);
      try {
        await dropTriggers(session, names, own, signal);
        if (found) await markDropped(session, names, found.number);
        const isNone = own.length === 0 && found?.isCaptured !== true;
        outcomes.push({ table, done: isNone ? 'unchanged' : 'dropped', error: null });
      } catch (error) {
        if (session.ended) throw error;
        outcomes.push(failureOf(session, names, table, error));
      }
    }
    return outcomes;
  });
}

async function captured(
  session: Session,
  names: CaptureNames,
  dropped = false,
): Promise<readonly CapturedTable[]> {
  if (!(await isInstalled(session, names))) return [];
  const standing = await readStanding(session, names);
  return (await readKnown(session, names))
    .filter(({ isCaptured }) => dropped || isCaptured)
    .map(({ number, table, spec, columns, primaryKey, definitions, isCaptured }) => ({
      number,
      table,
      spec,
      columns,
      primaryKey,
      intact: isCaptured && isIntact(definitions ?? NO_DEFINITIONS, ofTable(standing, table)),
    }));
}

async function uninstall(session: Session, names: CaptureNames, signal: AbortSignal): Promise<void> {
  const standing = await readStanding(session, names);
  await asDeployer(session, async () => {
    await dropTriggers(session, names, standing, signal);
    await removeInstallation(session, names);
  });
}

/** See TriggerManager. Whatever changes triggers is done by one process at a time, under a lock of the server. */
export function createTriggerManager(deps: Deps): TriggerManager {
  const { pool, names, staging, incarnation } = deps;
  const context = inCapture(names);
  const run = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.use(work, signal, context);
  const alone = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.locked(`capture ${names.events}`, work, signal, context);
  return {
    install: (signal) => alone(signal, (session) => install(session, names, staging)),
    isInstalled: (signal) => run(signal, (session) => isInstalled(session, names)),
    incarnation: async (signal) => {
      const id = await run(signal, (session) => session.cell(renderInstalled(names)));
      if (id === null)
        throw new SluiceError('capture.not_installed', `the schema ${names.schema} has no capture`);
      return `${id}/${await incarnation(signal)}`;
    },
    plan: (tables, signal) =>
      run(signal, async (session) => {
        const known = (await isInstalled(session, names)) ? await readKnown(session, names) : [];
        return planOf(await designTriggers(session, names, { tables, known }));
      }),
    deploy: (tables, signal) => alone(signal, (session) => deploy(session, deps, tables, signal)),
    drop: (tables, signal) => alone(signal, (session) => drop(session, deps, tables, signal)),
    captured: (signal, options) => run(signal, (session) => captured(session, names, options?.dropped)),
    uninstall: (signal) => alone(signal, (session) => uninstall(session, names, signal)),
  };
}
