import type { QueryToDescribe } from '../../../engine/ports/introspector.ts';
import { toQuerySchema } from '../../../engine/planning/source-query.ts';
import { isSluiceError, SluiceError } from '../../../model/sluice-error.ts';
import { tableId } from '../../../model/table-name.ts';
import type { ColumnSchema, TableSchema } from '../../../model/table-schema.ts';
import type { Pool } from '../connections/pool.ts';
import type { DescribedColumn } from '../thread/operations.ts';
import { affinityOf } from '../values/affinity.ts';

const columnOf = ({ name, type }: DescribedColumn): ColumnSchema => {
  const [first = null, second = null] = (/\(([^)]*)\)/.exec(type)?.[1] ?? '')
    .split(',')
    .map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : null));
  const isText = affinityOf(type) === 'text';
  return {
    name,
    type,
    baseType: type.replace(/\s*\([^)]*\)/, '').toLowerCase(),
    precision: isText ? null : first,
    scale: isText ? null : second,
    maxChars: isText ? first : null,
    nullable: true,
    default: null,
    identity: null,
    generated: null,
    // Whether it compares byte by byte is not told of an expression.
    collation: isText ? 'unknown' : null,
    enumLabels: null,
    comment: null,
  };
};

/** @see Introspector.describeQuery */
export async function describeQuery(
  pool: Pool,
  request: QueryToDescribe,
  signal: AbortSignal,
): Promise<TableSchema> {
  const table = tableId(request.table);
  const wrong = (reason: string): SluiceError =>
    new SluiceError('config.invalid', `the query ${table} cannot be read: ${reason}`, { table });
  const lease = await pool.scan(signal);
  try {
    const columns = await lease.thread.call('describeQuery', { sql: request.query }, { signal });
    if (columns === null) throw wrong('it is no statement that only reads');
    return toQuerySchema(request, { product: 'sqlite', columns: columns.map(columnOf) });
  } catch (error) {
    if (!isSluiceError(error) || error.details.vendorCode !== 'SQLITE_ERROR') throw error;
    throw wrong('SQLite does not take it; it may name what is not there, or hold a second statement');
  } finally {
    lease.release();
  }
}
