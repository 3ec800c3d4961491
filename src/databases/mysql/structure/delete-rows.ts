import type { StandingForeignKey } from '../../../engine/ports/target-structure.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { type TableName, tableId } from '../../../model/table-name.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../connections/session.ts';
import { vendorCode } from '../error-codes.ts';
import { literal, qualified, quote } from '../sql/names.ts';

/** What a DELETE of the referenced rows would do to those of another table. */
interface Referring {
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly rule: string;
}

/** Of one schema, told as a constant: see catalogRows. */
async function referringIn(session: Session, inSchema: string, to: TableName): Promise<readonly Referring[]> {
  const { rows } = await session.query(
    `SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE
     WHERE TABLE_SCHEMA = ${literal(inSchema)} AND REFERENCED_TABLE_SCHEMA = ${literal(to.schema)} AND REFERENCED_TABLE_NAME = ${literal(to.name)}
     ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION`,
  );
  if (rows.length === 0) return [];
  const rules = await session.query(
    `SELECT TABLE_NAME, CONSTRAINT_NAME, DELETE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ${literal(inSchema)}`,
  );
  const ruleOf = new Map(rules.rows.map(([table, constraint, rule]) => [`${table}\0${constraint}`, rule]));
  const found = new Map<string, Referring>();
  for (const [table = '', constraint = '', column = ''] of rows) {
    const id = `${table}\0${constraint}`;
    const before = found.get(id)?.columns ?? [];
    const of = { schema: inSchema, name: table ?? '' };
    // Without its rule it might take rows with it.
    found.set(id, { table: of, columns: [...before, column ?? ''], rule: ruleOf.get(id) ?? 'unknown' });
  }
  return [...found.values()].filter(({ table }) => tableId(table) !== tableId(to));
}

/** Foreign keys of other tables; those of tables that the user may not see are not among them. */
async function referringTo(session: Session, to: TableName): Promise<readonly Referring[]> {
  const { rows } = await session.query(
    "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')",
  );
  const found: Referring[] = [];
  for (const [schema] of rows) found.push(...(await referringIn(session, schema ?? '', to)));
  return found;
}

const refuse = (plan: TablePlan, message: string, suggestion: string): SluiceError =>
  new SluiceError('target.constraint_violated', message, { table: plan.id, suggestion });

/**
 * Rows of other tables never go or change with those of this one: whoever refers to it, with a rule that would do that, must be
 * empty.
 * @param dropped  keys that will be gone by then
 * @throws SluiceError target.constraint_violated
 */
export async function refuseCascades(
  session: Session,
  plan: TablePlan,
  dropped: readonly StandingForeignKey[],
): Promise<void> {
  const isDropped = ({ table, columns }: Referring): boolean =>
    dropped.some(
      (each) => tableId(each.table) === tableId(table) && each.key.columns.join('\n') === columns.join('\n'),
    );
  const referring = await referringTo(session, plan.target);
  for (const each of referring) {
    const { table, columns, rule } = each;
    if (rule === 'RESTRICT' || rule === 'NO ACTION' || isDropped(each)) continue;
    const refers = columns.map((column) => `${quote(column)} IS NOT NULL`).join(' AND ');
    const found = await session.cell(
      `SELECT EXISTS (SELECT 1 FROM ${qualified(table)} WHERE ${refers} LOCK IN SHARE MODE)`,
    );
    if (found !== '0') {
      throw refuse(
        plan,
        `rows of ${tableId(table)} refer to the rows that would be deleted, and would go or change with them`,
        `empty ${qualified(table)} first, or choose write.mode upsert`,
      );
    }
  }
}

/** Quoted as texts: `database/table` as it is, and as MariaDB's dictionary writes it, in the letters of a file's name. */
function dictionaryNames(session: Session, { schema, name }: TableName): readonly string[] {
  const plain = literal(`${schema}/${name}`);
  if (session.facts.flavour === 'mysql') return [plain];
  const encoded = [schema, name].map(
    (part) => `CONVERT(CAST(CONVERT(${literal(part)} USING filename) AS BINARY) USING utf8mb4)`,
  );
  return [plain, `CONCAT(${encoded.join(", '/', ")})`];
}

/** No right to see what belongs to others: PROCESS. */
const NO_PROCESS = '1227';

/** How many foreign keys other tables have to this one, as InnoDB knows them, seen or not; null: the user may not ask. */
async function countReferring(session: Session, to: TableName): Promise<number | null> {
  const { flavour, foldsNames } = session.facts;
  const keys = flavour === 'mysql' ? 'INNODB_FOREIGN' : 'INNODB_SYS_FOREIGN';
  const own = (text: string): string => `CAST(${foldsNames ? `LOWER(${text})` : text} AS BINARY)`;
  const names = dictionaryNames(session, to).map(own).join(', ');
  try {
    const found = await session.cell(
      `SELECT COUNT(*) FROM information_schema.${keys} WHERE ${own('REF_NAME')} IN (${names}) AND ${own('FOR_NAME')} <> ${own('REF_NAME')}`,
    );
    return Number(found);
  } catch (error) {
    if (vendorCode(error) === NO_PROCESS) return null;
    throw error;
  }
}

/**
 * A foreign key is in the way of TRUNCATE: what a DELETE would do is known only of the tables that we may see, and it does the rest
 * without a word.
 * @throws SluiceError target.constraint_violated where there is one that we may not see, or could be
 */
export async function refuseUnseen(session: Session, plan: TablePlan): Promise<void> {
  const all = await countReferring(session, plan.target);
  if (all === null) {
    throw refuse(
      plan,
      'whether tables that the user of the connection may not see refer to the table is not known to it',
      `GRANT PROCESS ON *.* TO ${session.facts.account}; or choose write.mode upsert`,
    );
  }
  const seen = (await referringTo(session, plan.target)).length;
  if (seen > 0 && seen === all) return;
  throw refuse(
    plan,
    'a table that the user of the connection may not see refers to the table',
    'let the user see that table (GRANT SELECT), or choose write.mode upsert',
  );
}

/**
 * Deletes the rows of a table that cannot be truncated, in the transaction that is open.
 * @param referred  tables refer to it: the reason why it was not truncated
 * @throws SluiceError target.constraint_violated
 */
export async function deleteRows(session: Session, plan: TablePlan, referred: boolean): Promise<void> {
  // Who adds a row that refers to one of these waits from here on, and who has added one is waited for.
  await session.query(`SELECT COUNT(*) FROM ${qualified(plan.target)} FOR UPDATE`);
  if (referred) await refuseUnseen(session, plan);
  await refuseCascades(session, plan, []);
  await session.query(`DELETE FROM ${qualified(plan.target)}`);
}
