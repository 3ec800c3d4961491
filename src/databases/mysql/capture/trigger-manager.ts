import { findKnown } from '../../../engine/capture/triggers/known-table.ts';
import type { Introspector } from '../../../engine/ports/introspector.ts';
import type {
  CapturedTable,
  DeployOutcome,
  TableToCapture,
  TriggerManager,
} from '../../../engine/ports/trigger-manager.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { type TableName, tableId } from '../../../model/table-name.ts';
import type { Pool } from '../connections/pool.ts';
import type { Session } from '../connections/session.ts';
import { inCapture } from './capture-errors.ts';
import type { CaptureNames } from './capture-tables.ts';
import { demandInstalled, install, isInstalled, removeInstallation } from './installation.ts';
import { asDeployer, dropTriggers, failureOf, makeTriggers } from './triggers/deploy-table.ts';
import { addKnown, type KnownTable, markDropped, readKnown, writeKnown } from './triggers/known-tables.ts';
import {
  type Designed,
  describeOthers,
  designTriggers,
  isTouched,
  planOf,
  stepsOf,
} from './triggers/make-plan.ts';
import {
  isIntact,
  NO_DEFINITIONS,
  ofTable,
  printedOf,
  readStanding,
  wantedOf,
} from './triggers/standing-triggers.ts';

interface Deps {
  readonly pool: Pool;
  readonly names: CaptureNames;
  readonly introspector: Introspector;
  /** Identity of the database itself. */
  readonly incarnation: (signal: AbortSignal) => Promise<string>;
}

/** Makes one table's triggers, and writes down what stands then. A failure is told, and is none of the other tables. */
async function deployTable(
  session: Session,
  names: CaptureNames,
  designed: Designed,
  signal: AbortSignal,
): Promise<DeployOutcome> {
  const { wanted, number, known, texts, standing } = designed;
  const { table } = wanted.table;
  const { make, gone } = stepsOf(designed);
  try {
    if (make.length + gone.length > 0) await makeTriggers(session, { table, make, gone, standing }, signal);
    const now = ofTable(await readStanding(session, names, [table.schema]), table);
    await writeKnown(session, names, {
      number,
      wanted,
      definitions: { wanted: wantedOf(table, texts), printed: printedOf(now) },
    });
    const isSame = make.length + gone.length === 0 && known?.isCaptured === true;
    return { table, done: isSame ? 'unchanged' : 'deployed', error: null };
  } catch (error) {
    if (session.ended) throw error;
    return failureOf(session, table, error);
  }
}

async function deploy(
  session: Session,
  { names, introspector }: Deps,
  tables: readonly TableToCapture[],
  signal: AbortSignal,
): Promise<readonly DeployOutcome[]> {
  await demandInstalled(session, names);
  const before = await readKnown(session, names);
  for (const { table } of tables)
    if (!findKnown(before, table.table)) await addKnown(session, names, table.table);
  const known = await readKnown(session, names);
  const asked = tables.map(({ table }) => table.table);
  const others = await describeOthers(introspector, { known, tables: asked }, signal);
  const design = await designTriggers(session, names, { tables, known, others });
  const outcomes = new Map<string, DeployOutcome>();
  for (const { table, text } of design.refusals)
    outcomes.set(
      tableId(table),
      failureOf(session, table, new SluiceError('capture.table_unsupported', text)),
    );
  await asDeployer(session, async () => {
    for (const each of design.tables) {
      const { table } = each.wanted.table;
      const failed = each.parents.find((parent) => outcomes.get(parent)?.done === 'failed');
      if (!each.isAsked && !isTouched(each)) continue;
      outcomes.set(
        tableId(table),
        failed === undefined
          ? await deployTable(session, names, each, signal)
          : failureOf(session, table, parentFailed(failed)),
      );
    }
  });
  const gone = asked.filter((table) => !outcomes.has(tableId(table)));
  const missing = gone.map((table) =>
    failureOf(session, table, new SluiceError('capture.table_unsupported', 'it is not there')),
  );
  return [...outcomes.values(), ...missing];
}

/** Without them what its foreign keys do to the table would be missed. */
const parentFailed = (parent: string): SluiceError =>
  new SluiceError('database.transient', `the triggers of ${parent}, to which it refers, could not be made`);

/** Captured tables whose rows go with those of a table, and whose triggers would record it no more. */
async function dependentsOf(
  { introspector }: Deps,
  { known, tables }: { readonly known: readonly KnownTable[]; readonly tables: readonly TableName[] },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const others = await describeOthers(introspector, { known, tables }, signal);
  const acts = (action: string): boolean => action !== 'no action' && action !== 'restrict';
  return new Map(
    others.flatMap(({ table }) =>
      table.foreignKeys
        .filter(({ onDelete, onUpdate }) => acts(onDelete) || acts(onUpdate))
        .map(({ references }) => [tableId(references), tableId(table.table)] as const),
    ),
  );
}

async function drop(
  session: Session,
  deps: Deps,
  tables: readonly TableName[],
  signal: AbortSignal,
): Promise<readonly DeployOutcome[]> {
  const { names } = deps;
  await demandInstalled(session, names);
  const known = await readKnown(session, names);
  const dependents = await dependentsOf(deps, { known, tables }, signal);
  const standing = await readStanding(
    session,
    names,
    tables.map(({ schema }) => schema),
  );
  return asDeployer(session, async () => {
    const outcomes: DeployOutcome[] = [];
    for (const table of tables) {
      const dependent = dependents.get(tableId(table));
      try {
        if (dependent !== undefined)
          throw new SluiceError(
            'capture.table_unsupported',
            `its triggers record what its foreign keys do to ${dependent}: drop that one's too`,
          );
        await dropTriggers(session, table, ofTable(standing, table), signal);
        const found = findKnown(known, table);
        if (found) await markDropped(session, names, found.number);
        outcomes.push({ table, done: 'dropped', error: null });
      } catch (error) {
        if (session.ended) throw error;
        outcomes.push(failureOf(session, table, error));
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
  const known = (await readKnown(session, names)).filter(({ isCaptured }) => dropped || isCaptured);
  const standing = await readStanding(
    session,
    names,
    known.map(({ table }) => table.schema),
  );
  return known.map(({ number, table, spec, columns, primaryKey, definitions, isCaptured }) => ({
    number,
    table,
    spec,
    columns,
    primaryKey,
    intact: isCaptured && isIntact(definitions ?? NO_DEFINITIONS, ofTable(standing, table)),
  }));
}

/** Triggers of ours wherever a captured table ever was, and in the connection's database, then our tables. */
async function uninstall(session: Session, names: CaptureNames, signal: AbortSignal): Promise<void> {
  const known = (await isInstalled(session, names)) ? await readKnown(session, names) : [];
  const schemas = [names.schema, ...known.map(({ table }) => table.schema)];
  const standing = (await readStanding(session, names, schemas)).filter(({ isOurs }) => isOurs);
  await asDeployer(session, async () => {
    for (const each of standing) await dropTriggers(session, each.table, [each], signal);
    await removeInstallation(session, names, signal);
  });
}

/** See TriggerManager. Whatever changes triggers is done by one process at a time, under a lock of the server. */
export function createTriggerManager(deps: Deps): TriggerManager {
  const { pool, names, introspector, incarnation } = deps;
  const context = inCapture(names);
  const run = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.use(work, signal, context);
  const alone = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.locked(`capture ${names.events}`, work, signal, context);
  return {
    install: (signal) => alone(signal, (session) => install(session, names)),
    isInstalled: (signal) => run(signal, (session) => isInstalled(session, names)),
    incarnation: async (signal) => {
      const id = await run(signal, (session) => session.cell(`SELECT id FROM ${names.installation}`));
      if (id === null) throw new SluiceError('capture.not_installed', `${names.schema} has no capture`);
      return `${id}/${await incarnation(signal)}`;
    },
    plan: (tables, signal) =>
      run(signal, async (session) => {
        const known = (await isInstalled(session, names)) ? await readKnown(session, names) : [];
        const asked = tables.map(({ table }) => table.table);
        const others = await describeOthers(introspector, { known, tables: asked }, signal);
        return planOf(await designTriggers(session, names, { tables, known, others }));
      }),
    deploy: (tables, signal) => alone(signal, (session) => deploy(session, deps, tables, signal)),
    drop: (tables, signal) => alone(signal, (session) => drop(session, deps, tables, signal)),
    captured: (signal, options) => run(signal, (session) => captured(session, names, options?.dropped)),
    uninstall: (signal) => alone(signal, (session) => uninstall(session, names, signal)),
  };
}
