import { createHash } from 'node:crypto';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Batch } from '../../../model/batch.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Answer, Session } from '../connections/session.ts';
import { list, literal, qualified, quote } from '../sql/names.ts';
import { drawFileName, LoadData, type Loaded } from './load-data.ts';
import { insertStatements, loadOf } from './insert-rows.ts';

export interface WriteRequest {
  readonly plan: TablePlan;
  readonly batch: Batch;
  /** LOAD DATA is not forbidden by the connection. */
  readonly loadData: boolean;
}

/** How LOAD DATA reads text-rows, which is how it reads by default; and what is made of each cell. */
function renderLoad(plan: TablePlan, into: string, fileName: string): string {
  const loads = plan.columns.map(loadOf);
  const fields = plan.columns.map(({ target }, at) => (loads[at] === null ? quote(target) : `@c${at}`));
  const sets = plan.columns.flatMap(({ target }, at) => {
    const made = loads[at] ?? null;
    return made === null ? [] : [`${quote(target)} = ${made.replaceAll('$value', () => `@c${at}`)}`];
  });
  const set = sets.length === 0 ? '' : ` SET ${list(sets)}`;
  return String.raw`LOAD DATA LOCAL INFILE ${literal(fileName)} INTO TABLE ${into} CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' (${list(fields)})${set}`;
}

/**
 * The first of the warnings as an error: LOAD DATA LOCAL passes over rows whose key is there and changes values that do not
 * fit, whatever the sql_mode, and only warns of it. Its text may hold a value and stays where toSluiceError looks for a name.
 */
async function warningError(session: Session): Promise<Error> {
  const { rows } = await session.query('SHOW WARNINGS LIMIT 1');
  const [, code, message] = rows[0] ?? [];
  return Object.assign(new Error(message ?? ''), { errno: Number(code ?? 1265), code: 'WARNING' });
}

async function refuseWarnings(session: Session, { warnings }: Pick<Answer, 'warnings'>): Promise<void> {
  // Invariant 7: a value is written as it is, or not at all.
  if (warnings > 0) throw await warningError(session);
}

async function load(session: Session, plan: TablePlan, into: string, data: Buffer): Promise<number> {
  const fileName = drawFileName();
  const command = new LoadData(renderLoad(plan, into, fileName), fileName, data);
  session.submit(command);
  const loaded: Loaded = await command.loaded;
  await refuseWarnings(session, loaded);
  return loaded.rows;
}

/** A statement is sent as one packet, of which the server takes so much. */
const PACKET_SHARE = 0.8;
const STATEMENT_BYTES = 4 * 1024 * 1024;

async function insert(session: Session, plan: TablePlan, into: string, data: Buffer): Promise<number> {
  const mostBytes = Math.floor(session.facts.maxAllowedPacket * PACKET_SHARE);
  const sizes = { usualBytes: Math.min(STATEMENT_BYTES, mostBytes), mostBytes };
  let rows = 0;
  for (const statement of insertStatements(plan, into, data, sizes)) {
    const answer = await session.query(statement);
    await refuseWarnings(session, answer);
    rows += answer.count;
  }
  return rows;
}

/** Where rows, or keys, wait; made as the target has its columns, so that they are compared as they are there. */
async function openStaging(
  session: Session,
  plan: Pick<TablePlan, 'target' | 'columns'>,
  constraint: string,
): Promise<string> {
  const columns = list(plan.columns.map((column) => quote(column.target)));
  const digest = createHash('sha256')
    .update(`${qualified(plan.target)} ${columns}`)
    .digest('hex');
  const staging = `${quote(plan.target.schema)}.${quote(`sluice_staging_${digest.slice(0, 16)}`)}`;
  // Another structure of the target is another table; nothing of a temporary one commits by itself but TRUNCATE.
  await session.query(`DROP TEMPORARY TABLE IF EXISTS ${staging}`);
  await session.query(
    `CREATE TEMPORARY TABLE ${staging}${constraint} ENGINE=InnoDB AS SELECT ${columns} FROM ${qualified(plan.target)} LIMIT 0`,
  );
  return staging;
}

const sameKey = ({ targetKey }: TablePlan): string =>
  targetKey.map((name) => `t.${quote(name)} = s.${quote(name)}`).join(' AND ');

/**
 * Rows that are written by key, in a temporary table. Two of them with one key, as the target compares keys, are refused.
 * @throws SluiceError target.structure_differs
 */
export async function openKeyed(
  session: Session,
  request: Filling,
): Promise<{ readonly staging: string; readonly rows: number }> {
  const { plan } = request;
  if (plan.targetKey.length === 0) {
    throw new SluiceError('target.structure_differs', 'upsert needs a key at the target', { table: plan.id });
  }
  const staging = await openStaging(session, plan, ` (PRIMARY KEY (${list(plan.targetKey.map(quote))}))`);
  return { staging, rows: await fill(session, request, staging) };
}

/** @returns rows that were there, whether anything of them changed or not */
export async function updateThere(session: Session, plan: TablePlan, staging: string): Promise<number> {
  const sets = plan.columns.map(({ target }) => `t.${quote(target)} = s.${quote(target)}`);
  const updated = await session.query(
    `UPDATE ${qualified(plan.target)} AS t JOIN ${staging} AS s ON ${sameKey(plan)} SET ${list(sets)}`,
  );
  await refuseWarnings(session, updated);
  return updated.count;
}

/** @returns rows that were not there */
export async function insertMissing(session: Session, plan: TablePlan, staging: string): Promise<number> {
  const target = qualified(plan.target);
  const names = plan.columns.map((column) => quote(column.target));
  const inserted = await session.query(
    `INSERT INTO ${target} (${list(names)}) SELECT ${list(names.map((name) => `s.${name}`))} FROM ${staging} AS s LEFT JOIN ${target} AS t ON ${sameKey(plan)} WHERE t.${quote(plan.targetKey[0] ?? '')} IS NULL`,
  );
  await refuseWarnings(session, inserted);
  return inserted.count;
}

export async function closeStaging(session: Session, staging: string): Promise<void> {
  await session.query(`DROP TEMPORARY TABLE ${staging}`);
}

/**
 * Rows whose key is there are updated, the others inserted. Never by ON DUPLICATE KEY UPDATE or REPLACE: those take any other
 * unique key for the row that is meant, and change or delete it. A row that meets another unique key is refused.
 */
async function upsert(session: Session, { plan, batch, loadData }: WriteRequest): Promise<number> {
  const { staging } = await openKeyed(session, { plan, data: batch.data, loadData });
  const updated = await updateThere(session, plan, staging);
  const inserted = await insertMissing(session, plan, staging);
  await closeStaging(session, staging);
  return updated + inserted;
}

export interface Filling {
  readonly plan: TablePlan;
  readonly data: Buffer;
  readonly loadData: boolean;
}

const fill = (session: Session, { plan, data, loadData }: Filling, into: string): Promise<number> =>
  loadData && session.facts.localInfile ? load(session, plan, into, data) : insert(session, plan, into, data);

/** @returns rows that the server counted */
export async function writeRows(session: Session, request: WriteRequest): Promise<number> {
  const { plan, batch } = request;
  if (batch.header.encoding !== 'text-rows') {
    throw new SluiceError('internal', 'MySQL takes text-rows only', { table: plan.id });
  }
  return plan.writeMode === 'upsert'
    ? upsert(session, request)
    : fill(session, { ...request, data: batch.data }, qualified(plan.target));
}

const ROW_NUMBER = quote('sluice_row');

/** Rows, or keys, that may come several times, in a temporary table. @returns its name */
export async function fillStaging(session: Session, request: Filling): Promise<string> {
  // A server may take no table without a primary key.
  const number = ` (${ROW_NUMBER} bigint AUTO_INCREMENT PRIMARY KEY)`;
  const staging = await openStaging(session, request.plan, number);
  await fill(session, request, staging);
  return staging;
}

/**
 * By a join with a temporary table: nothing of it commits by itself. Keys that the target takes for the same may come several times.
 * @returns rows that were there
 */
export async function removeRows(session: Session, request: Filling): Promise<number> {
  const { plan } = request;
  const columns = plan.targetKey.flatMap((name) => plan.columns.find(({ target }) => target === name) ?? []);
  const staging = await fillStaging(session, { ...request, plan: { ...plan, columns } });
  const { count } = await session.query(
    `DELETE t FROM ${staging} AS s STRAIGHT_JOIN ${qualified(plan.target)} AS t ON ${sameKey(plan)}`,
  );
  await session.query(`DROP TEMPORARY TABLE ${staging}`);
  return count;
}

/** Not by TRUNCATE, which commits. */
export async function emptyTable(session: Session, plan: TablePlan): Promise<void> {
  await session.query(`DELETE FROM ${qualified(plan.target)}`);
}
