import type { QueryToDescribe } from '../../engine/ports/introspector.ts';
import { toQuerySchema } from '../../engine/planning/source-query.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import { tableId } from '../../model/table-name.ts';
import type { ColumnSchema, TableSchema } from '../../model/table-schema.ts';
import { toSluiceError, vendorCode } from './error-codes.ts';
import type { Pool, Session } from './pool.ts';
import { renderQueryFrom, renderTypes } from './query-sql.ts';
import { parametersOf } from './structure/found-table.ts';

/** What the text of a query can be wrong in: 42 but for rights, a statement that writes, one that cannot stand there. */
const isWrong = (code: string): boolean =>
  (code.startsWith('42') && code !== '42501') || code.startsWith('25') || code.startsWith('0A');

async function columnsOf(session: Session, query: string): Promise<readonly ColumnSchema[]> {
  await session.query('BEGIN READ ONLY; SET LOCAL search_path = pg_catalog, public');
  // The text alone, by a protocol that takes one statement: with that it is one, and all that it opens it closes again, so
  // that it can stand in brackets. In brackets it can write nowhere: neither INTO nor a WITH that changes rows stands there.
  await session.single(`EXPLAIN ${query}`);
  const { fields } = await session.single(`SELECT * FROM ${renderQueryFrom(query)} LIMIT 0`);
  if (fields.length === 0) {
    await session.query('COMMIT'); // the session goes back to the pool
    return [];
  }
  // Types are printed with their schemas, as of tables.
  await session.query('SET LOCAL search_path = pg_catalog');
  const { rows } = await session.query(renderTypes(fields));
  await session.query('COMMIT');
  return fields.map(({ name }, at): ColumnSchema => {
    const [type, baseType, labels] = rows[at] ?? [];
    return {
      name,
      type: type ?? '',
      baseType: baseType ?? '',
      ...parametersOf(type ?? ''),
      nullable: true,
      default: null,
      identity: null,
      generated: null,
      collation: null,
      enumLabels: labels ? (JSON.parse(labels) as string[]) : null,
      comment: null,
    };
  });
}

/** @see Introspector.describeQuery */
export async function describeQuery(
  pool: Pool,
  request: QueryToDescribe,
  signal: AbortSignal,
): Promise<TableSchema> {
  const table = tableId(request.table);
  const work = async (session: Session): Promise<TableSchema> => {
    try {
      return toQuerySchema(request, {
        product: 'postgresql',
        columns: await columnsOf(session, request.query),
      });
    } catch (error) {
      const code = vendorCode(error);
      if (!isWrong(code)) throw error;
      // A syntax error's message quotes the statement, which may hold values.
      const reason = code === '42601' ? 'it has a syntax error' : toSluiceError(error).message;
      throw new SluiceError('config.invalid', `the query ${table} cannot be read: ${reason}`, {
        table,
        vendorCode: code,
      });
    }
  };
  return pool.use(work, signal, { side: 'source', table });
}
