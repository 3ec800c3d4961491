import type { TableToCapture } from '../../../engine/ports/trigger-manager.ts';
import { isSluiceError, SluiceError } from '../../../model/sluice-error.ts';
import type { TableName } from '../../../model/table-name.ts';
import type { Session } from '../connections/session.ts';
import { quote } from '../sql.ts';
import { captureTables } from './capture-tables.ts';
import { readState, readTriggers, requireInstalled } from './captured-state.ts';
import { renderKeptIndexes } from './triggers/render-rivals.ts';
import { isUnchanged, type PlannedCapture, planCapture, standingOn } from './plan-table.ts';

const now = (): string => new Date().toISOString();

/** Numbers are given by AUTOINCREMENT; the lock of the file is held, so the plan's guess is what it gives. */
async function storeCapture(session: Session, planned: PlannedCapture): Promise<void> {
  const { source, stored, request, triggers } = planned;
  const { captured, layouts } = captureTables(source.prefix);
  const values = [JSON.stringify(request.spec), BigInt(source.layout), JSON.stringify(triggers), now()];
  if (stored === null)
    await session.run(
      `INSERT INTO ${captured} (number, table_name, spec, layout, definitions, deployed_at) VALUES (?, ?, ?, ?, ?, ?)`,
      [BigInt(source.number), source.table.table.name, ...values],
    );
  else
    await session.run(
      `UPDATE ${captured} SET spec = ?, layout = ?, definitions = ?, deployed_at = ? WHERE number = ?`,
      [...values, BigInt(source.number)],
    );
  if (planned.newTables.length > 0)
    await session.run(`INSERT INTO ${layouts} (number, layout, shape) VALUES (?, ?, ?)`, [
      BigInt(source.number),
      BigInt(source.layout),
      JSON.stringify(source.shape),
    ]);
}

/** @see renderKeptIndexes */
async function tryIndex(session: Session, sql: string): Promise<void> {
  try {
    await session.run(sql);
  } catch (error) {
    if (!isSluiceError(error) || error.details.vendorCode !== 'SQLITE_ERROR') throw error;
  }
}

/**
 * One table in one transaction: no commit of the application comes between its old and its new triggers, and who has begun to
 * write has ended before, for SQLite has one writer.
 */
export async function deployTable(
  session: Session,
  request: TableToCapture,
  prefix: string,
): Promise<'deployed' | 'unchanged'> {
  await requireInstalled(session, prefix);
  const state = await readState(session, prefix);
  const planned = planCapture(request, state, { prefix, number: state.nextNumber });
  const [refusal] = planned.refusals;
  if (refusal !== undefined) throw new SluiceError('capture.table_unsupported', refusal);
  const isLeft = isUnchanged(planned, state.triggers);
  if (isLeft && JSON.stringify(planned.stored?.spec) === JSON.stringify(request.spec)) return 'unchanged';
  const names = new Set(planned.triggers.map(({ name }) => name));
  const standing = state.triggers.filter(
    (trigger) => names.has(trigger.name) || standingOn(planned, [trigger]).length > 0,
  );
  for (const { name } of standing) await session.run(`DROP TRIGGER ${quote(name)}`);
  for (const sql of planned.newTables) await session.run(sql);
  if (planned.newTables.length > 0)
    for (const sql of renderKeptIndexes(planned.source)) await tryIndex(session, sql);
  for (const { sql } of planned.triggers) await session.run(sql);
  await storeCapture(session, planned);
  return isLeft ? 'unchanged' : 'deployed';
}

export async function dropTable(
  session: Session,
  { name }: TableName,
  prefix: string,
): Promise<'dropped' | 'unchanged'> {
  await requireInstalled(session, prefix);
  const { captured } = captureTables(prefix);
  const triggers = (await readTriggers(session, prefix)).filter(
    ({ table }) => table.toLowerCase() === name.toLowerCase(),
  );
  for (const trigger of triggers) await session.run(`DROP TRIGGER ${quote(trigger.name)}`);
  const rows = await session.run(
    `UPDATE ${captured} SET dropped_at = ? WHERE table_name = ? COLLATE NOCASE AND dropped_at IS NULL`,
    [now(), name],
  );
  return rows > 0 || triggers.length > 0 ? 'dropped' : 'unchanged';
}
