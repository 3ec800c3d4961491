import type { TablePlan } from '../../../model/table-plan.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { list, quote } from '../sql/names.ts';

/**
 * A cell of text-rows as a literal. Its escapes are those of a literal too, for they come from the same product's habits:
 * only the quote is doubled.
 */
const literalOf = (cell: string): string => (cell === '\\N' ? 'NULL' : `'${cell.replaceAll("'", "''")}'`);

const valueOf = (load: string | null, text: string): string =>
  load === null ? text : load.replaceAll('$value', () => text);

/**
 * The rows of a block as statements of many rows, each of at most so many bytes.
 * @throws SluiceError target.value_rejected for a row that is larger than the server takes
 */
export function* insertStatements(
  plan: TablePlan,
  into: string,
  data: Buffer,
  mostBytes: number,
): Generator<string, void, undefined> {
  const head = `INSERT INTO ${into} (${list(plan.columns.map((column) => quote(column.target)))}) VALUES `;
  const loads = plan.columns.map((column) => column.load);
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
    if (bytes + size > mostBytes) {
      yield head + rows.join();
      rows = [];
      bytes = head.length;
    }
    rows.push(row);
    bytes += size;
  }
  if (rows.length > 0) yield head + rows.join();
}
