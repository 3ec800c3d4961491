import { isUtf8 } from 'node:buffer';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { list, quote } from '../sql/names.ts';
import { parseType } from '../types/type-text.ts';

/**
 * A cell of text-rows as a literal. Its escapes are those of a literal too, for they come from the same product's habits:
 * only the quote is doubled.
 */
const literalOf = (cell: string): string => (cell === '\\N' ? 'NULL' : `'${cell.replaceAll("'", "''")}'`);

/**
 * What is made of a cell: as the plan says. NULL in a TIMESTAMP NOT NULL becomes the moment of now without a word, and a text
 * that is no moment is refused.
 */
export const loadOf = ({ load, nullable, targetType }: ColumnPlan): string | null =>
  nullable || parseType(targetType).base !== 'timestamp' ? load : `IFNULL(${load ?? '$value'}, 'NULL')`;

const valueOf = (load: string | null, text: string): string =>
  load === null ? text : load.replaceAll('$value', () => text);

/** Many rows make a statement of the usual size; a row alone may be as large as the server takes. */
export interface StatementSizes {
  readonly usualBytes: number;
  readonly mostBytes: number;
}

/**
 * The rows of a block as statements of many rows.
 * @throws SluiceError target.value_rejected for a row that is larger than the server takes, or a text that is no UTF-8
 */
export function* insertStatements(
  plan: TablePlan,
  into: string,
  data: Buffer,
  { usualBytes, mostBytes }: StatementSizes,
): Generator<string, void, undefined> {
  // Invariant 7: what is no UTF-8 would be changed in becoming a statement.
  if (!isUtf8(data))
    throw new SluiceError('target.value_rejected', 'a text is not UTF-8', { table: plan.id });
  const head = `INSERT INTO ${into} (${list(plan.columns.map((column) => quote(column.target)))}) VALUES `;
  const loads = plan.columns.map(loadOf);
  let rows: string[] = [];
  let bytes = head.length;
  for (let at = 0; at < data.length; ) {
    const end = data.indexOf(0x0a, at);
    const cells = data.toString('utf8', at, end).split('\t');
    at = end + 1;
    const row = `(${list(cells.map((cell, index) => valueOf(loads[index] ?? null, literalOf(cell))))})`;
    const size = Buffer.byteLength(row) + 1;
    if (size + head.length > mostBytes) {
      throw new SluiceError('target.value_rejected', 'a row is larger than the server takes in a statement', {
        table: plan.id,
        suggestion: 'SET GLOBAL max_allowed_packet = 1073741824;',
      });
    }
    if (rows.length > 0 && bytes + size > usualBytes) {
      yield head + rows.join();
      rows = [];
      bytes = head.length;
    }
    rows.push(row);
    bytes += size;
  }
  if (rows.length > 0) yield head + rows.join();
}
