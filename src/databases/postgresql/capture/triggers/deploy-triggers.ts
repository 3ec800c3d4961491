import type { TableToCapture } from '../../../../engine/ports/trigger-manager.ts';
import type { CapturePlace } from '../../../../model/capture-spec.ts';
import type { TableName } from '../../../../model/table-name.ts';
import type { Session } from '../../pool.ts';
import { qualified, quote } from '../../sql.ts';
import { captureNames } from '../capture-tables.ts';
import { numberOf, readKnown, writeKnown } from './captured-tables.ts';
import { renderLock } from './installation.ts';
import { compareTriggers } from './plan-triggers.ts';
import { dropFunction, functionName, renderTriggers, type TriggerText } from './texts/render-triggers.ts';
import type { StandingTrigger } from './standing-triggers.ts';
import { printedOf, readStanding, wantedOf } from './standing-triggers.ts';
import { OPERATIONS, type Subject } from './texts/subject.ts';

/** The table as it was judged, and its triggers but for the number, which is given here. */
export interface ReadyTable {
  readonly wanted: TableToCapture;
  readonly oid: string;
  readonly subject: Subject;
}

/** Functions of a number whose table is gone have no trigger any more. */
async function dropLeftovers(session: Session, place: CapturePlace, number: number): Promise<void> {
  const { rows } = await session.query(
    `SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = $1 AND p.proname = ANY($2::text[]) AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgfoid = p.oid)`,
    [place.schema, OPERATIONS.map((operation) => functionName(number, operation))],
  );
  for (const [name] of rows) await session.query(dropFunction(place, name ?? ''));
}

async function makeTrigger(
  session: Session,
  subject: Subject,
  text: TriggerText,
  isReplaceable: boolean,
): Promise<void> {
  const { schema } = captureNames(subject.place);
  const called = `${schema}.${quote(functionName(subject.number, text.operation))}()`;
  // With the function goes its trigger, for which the table need not be ours.
  if (!isReplaceable)
    await session.query(dropFunction(subject.place, functionName(subject.number, text.operation)));
  // Who may make triggers on a table of his own must not write events of others.
  await session.query(`${text.functionSql};\nREVOKE ALL ON FUNCTION ${called} FROM PUBLIC`);
  // Made again where only its function is another one: the lock waits for everybody who began with the old one.
  await session.query(
    isReplaceable ? text.triggerSql.replace(/^CREATE TRIGGER/, 'CREATE OR REPLACE TRIGGER') : text.triggerSql,
  );
}

const REPLACEABLE_SINCE = 14;

/** The triggers of one table as planned, in the transaction that is open. @returns whether anything was changed */
export async function deployTable(
  session: Session,
  place: CapturePlace,
  ready: ReadyTable,
): Promise<boolean> {
  const { wanted, oid } = ready;
  const { table } = wanted.table;
  await session.query(renderLock(place));
  const known = (await readKnown(session, place, { oid })).at(-1);
  const number = await numberOf(session, place, { table, oid });
  const subject = { ...ready.subject, number };
  const texts = renderTriggers(subject);
  const standing = await readStanding(session, place, oid);
  const planned = compareTriggers(table, texts, standing, known);
  const isKnown = known !== undefined && !known.isDropped;
  if (isKnown && planned.every(({ state }) => state === 'unchanged')) {
    await writeKnown(session, place, { number, wanted, definitions: known.definitions });
    return false;
  }
  const major = Number(await session.cell(`SELECT current_setting('server_version_num')::int / 10000`));
  for (const text of texts) await makeTrigger(session, subject, text, major >= REPLACEABLE_SINCE);
  await dropOthers(session, place, standing, texts);
  const made = await readStanding(session, place, oid);
  const definitions = { wanted: wantedOf(texts), printed: printedOf(made) };
  await writeKnown(session, place, { number, wanted, definitions });
  for (const each of await readKnown(session, place, { table }))
    if (each.isDropped) await dropLeftovers(session, place, each.number);
  return true;
}

/** With the function goes the trigger, for which the table need not be ours. */
async function dropOthers(
  session: Session,
  place: CapturePlace,
  standing: readonly StandingTrigger[],
  texts: readonly TriggerText[],
): Promise<void> {
  const kept = new Set(texts.map(({ name }) => name));
  for (const { name, functionName: called } of standing)
    if (!kept.has(name)) await session.query(dropFunction(place, called));
}

/** In the transaction that is open. @returns whether there was anything */
export async function dropTable(session: Session, place: CapturePlace, table: TableName): Promise<boolean> {
  await session.query(renderLock(place));
  const oid = await session.cell('SELECT to_regclass($1)::oid', [qualified(table)]);
  const standing = oid === null ? [] : await readStanding(session, place, oid);
  const known = (await readKnown(session, place, { table })).filter(({ isDropped }) => !isDropped);
  for (const { functionName: called } of standing) await session.query(dropFunction(place, called));
  for (const { number } of known) {
    await session.query(`UPDATE ${captureNames(place).tables} SET dropped_at = now() WHERE number = $1`, [
      number,
    ]);
    await dropLeftovers(session, place, number);
  }
  return standing.length + known.length > 0;
}
