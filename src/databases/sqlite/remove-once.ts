import { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { Thread } from './connections/start-thread.ts';
import { insertProgram, quote, rowidName } from './sql.ts';

const STAGING = `temp.${quote('sluice_staging')}`;

/** A row as it is stored, to the last bit: 1 and 1.0 are two, and so are texts that a collation takes for the same. */
const imageOf = ({ columns }: Pick<TablePlan, 'columns'>): string =>
  columns
    .map(({ target }) => quote(target))
    // quote() ends a text at its first NUL.
    .map((name) => `CASE typeof(${name}) WHEN 'text' THEN hex(${name}) || 't' ELSE quote(${name}) END`)
    .join(` || ',' || `);

/** Columns of the same affinities: a value becomes there what it is in the target. */
export const renderStaging = ({ columns, target }: Pick<TablePlan, 'columns' | 'target'>): string =>
  `CREATE TEMP TABLE ${quote('sluice_staging')} AS SELECT ${columns.map((column) => quote(column.target)).join(', ')} FROM main.${quote(target.name)} LIMIT 0`;

/** Deletes for each staged row one that is the same. @param rowid  a name of it that no column hides */
export function renderDeleteOnce(plan: Pick<TablePlan, 'columns' | 'target'>, rowid: string): string {
  const table = `main.${quote(plan.target.name)}`;
  const image = imageOf(plan);
  return `WITH wanted AS MATERIALIZED (SELECT image, count(*) AS most FROM (SELECT ${image} AS image FROM ${STAGING}) GROUP BY image),
    same AS (SELECT place, most, row_number() OVER (PARTITION BY f.image) AS nth FROM (SELECT ${rowid} AS place, ${image} AS image FROM ${table}) AS f JOIN wanted ON wanted.image = f.image)
    DELETE FROM ${table} WHERE ${rowid} IN (SELECT place FROM same WHERE nth <= most)`;
}

async function rowidOf(thread: Thread, { id, target }: TablePlan, signal: AbortSignal): Promise<string> {
  const sql = 'SELECT name FROM pragma_table_xinfo(?)';
  const rows = await thread.call('query', { sql, values: [target.name] }, { signal });
  const rowid = rowidName(rows.map(([name]) => String(name)));
  if (rowid !== null) return rowid;
  throw new SluiceError(
    'target.structure_differs',
    'the target has no key and its columns hide every name of the rowid',
    { table: id },
  );
}

/** @returns rows that were there */
export async function removeRowsOnce(
  thread: Thread,
  plan: TablePlan,
  block: Buffer,
  signal: AbortSignal,
): Promise<number> {
  const run = (sql: string): Promise<number> => thread.call('run', { sql, values: [] }, { signal });
  const rowid = await rowidOf(thread, plan, signal);
  await run(`DROP TABLE IF EXISTS ${STAGING}`);
  await run(renderStaging(plan));
  const marks = plan.columns.map(() => '?').join(', ');
  const program = { ...insertProgram(plan), sql: `INSERT INTO ${STAGING} VALUES (${marks})` };
  const data = new Uint8Array(block);
  await thread.call('insert', { program, data }, { signal, transfer: [data.buffer] });
  const count = await run(renderDeleteOnce(plan, rowid));
  await run(`DROP TABLE ${STAGING}`);
  return count;
}
