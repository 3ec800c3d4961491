import type { TablePlan } from '../../model/table-plan.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { Session } from './connections/session.ts';
import { literal, qualified } from './sql/names.ts';
import { vendorCode } from './error-codes.ts';

/** Needs the right PROCESS; 1227 without it. */
const MODIFIED = { mysql: 'INNODB_TABLESTATS', mariadb: 'INNODB_SYS_TABLESTATS' } as const;

/** Letters that a table's name has not in InnoDB stand there as `@` and four hex digits. */
const innodbName = (text: string): string =>
  Array.from(text)
    .map((char) =>
      /[A-Za-z0-9_]/.test(char) ? char : `@${char.codePointAt(0)!.toString(16).padStart(4, '0')}`,
    )
    .join('');

function conditionOf({ source, query }: TablePlan): string {
  if (query !== undefined) return '';
  const name = `${innodbName(source.schema)}/${innodbName(source.name)}`;
  const parts = literal(`${name.replaceAll(/[\\%_]/g, String.raw`\$&`)}#p#%`);
  return ` WHERE NAME = ${literal(name)} OR NAME LIKE ${parts}`;
}

async function modified(session: Session, plan: TablePlan): Promise<string> {
  try {
    const sum = await session.cell(
      `SELECT CONCAT(SUM(MODIFIED_COUNTER), '/', SUM(NUM_ROWS)) FROM information_schema.${MODIFIED[session.facts.flavour]}${conditionOf(plan)}`,
    );
    return sum ?? '';
  } catch (error) {
    if (vendorCode(error) !== '1227') throw error;
    return '';
  }
}

/** Which tables a query reads the server does not tell: any of the server. */
const ANY_CHANGE = `SELECT CONCAT_WS('/', COUNT(*), MAX(UPDATE_TIME), MAX(CREATE_TIME), SUM(DATA_LENGTH)) FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')`;

/**
 * When the server last saw the table change, and how many changes it counted where we may see that. It counts anew now and
 * then, which looks like a change.
 */
export async function readChangeMarker(session: Session, plan: TablePlan): Promise<string> {
  if (plan.query !== undefined)
    return `${(await session.cell(ANY_CHANGE)) ?? ''}:${await modified(session, plan)}`;
  await session.query(`SELECT 1 FROM ${qualified(plan.source)} LIMIT 0`);
  const { rows } = await session.query(
    `SELECT CONCAT_WS('/', UPDATE_TIME, CREATE_TIME, DATA_LENGTH) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${literal(plan.source.schema)} AND TABLE_NAME = ${literal(plan.source.name)}`,
  );
  if (!rows[0])
    throw new SluiceError('source.table_not_found', `${plan.id} is not there`, { table: plan.id });
  return `${rows[0][0] ?? ''}:${await modified(session, plan)}`;
}
