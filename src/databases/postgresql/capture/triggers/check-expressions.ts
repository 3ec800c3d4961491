import { type AskedSql, invalidSql, refuseOpenSql } from '../../../../engine/capture/triggers/asked-sql.ts';
import type { TableName } from '../../../../model/table-name.ts';
import { toSluiceError, vendorCode } from '../../error-codes.ts';
import type { Session } from '../../pool.ts';
import { qualified } from '../../sql.ts';
import type { RecordedType } from './texts/json-of.ts';

const STYLE = { quotes: ['"'], backslashes: false } as const;

const REASONS: Readonly<Record<string, string>> = {
  '0A000': 'it must have no subquery, aggregate or window function',
  '42601': 'it is no single SQL expression',
  '42803': 'it must have no aggregate',
  '42804': 'a condition is true or false',
  '42P17':
    'it must depend on nothing but the row: all of its functions, operators and casts must be immutable',
  '42P20': 'it must have no window function',
};

const USERS = `SELECT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = $1::regclass
  AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass))`;

/** The server judges: what stands in an index is one expression on the row, without a subquery, and immutable. */
async function checkOne(
  session: Session,
  table: TableName,
  asked: AskedSql,
  at: number,
): Promise<RecordedType> {
  refuseOpenSql(table, asked, STYLE);
  const name = `pg_temp.sluice_check_${at}`;
  const test = asked.isCondition ? asked.sql : `(\n${asked.sql}\n) IS NULL`;
  try {
    await session.single(`CREATE INDEX sluice_check_${at} ON pg_temp.sluice_row ((1)) WHERE (\n${test}\n)`);
    if ((await session.cell(USERS, [name])) === 't')
      throw invalidSql(
        table,
        asked,
        'it must have no functions and operators but those of PostgreSQL itself',
      );
    const { fields } = await session.single(`SELECT (\n${asked.sql}\n) FROM pg_temp.sluice_row`);
    const { rows } = await session.query(
      'SELECT format_type(t.oid, $2), format_type(t.oid, NULL), t.typtype FROM pg_type t WHERE t.oid = $1',
      [fields[0]?.oid, fields[0]?.modifier],
    );
    const [type, baseType, kind] = rows[0] ?? [];
    return { type: type ?? 'text', baseType: baseType ?? 'text', enumLabels: kind === 'e' ? [] : null };
  } catch (error) {
    const code = vendorCode(error);
    if (!/^(?:0A|22|42)/.test(code) || code === '42501') throw error;
    throw invalidSql(table, asked, REASONS[code] ?? toSluiceError(error).message);
  }
}

/**
 * What the expressions give, in their order; in a transaction that is rolled back.
 * @throws SluiceError capture.condition_invalid, naming table and expression
 */
export async function checkExpressions(
  session: Session,
  table: TableName,
  asked: readonly AskedSql[],
): Promise<readonly RecordedType[]> {
  if (asked.length === 0) return [];
  await session.query('BEGIN');
  try {
    await session.query(`CREATE TEMPORARY TABLE sluice_row (LIKE ${qualified(table)})`);
    const types: RecordedType[] = [];
    for (const [at, each] of asked.entries()) types.push(await checkOne(session, table, each, at));
    return types;
  } finally {
    await session.query('ROLLBACK').catch(() => undefined); // the error that led here is the one to tell
  }
}
