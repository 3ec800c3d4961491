export interface Column {
  readonly title: string;
  readonly right?: boolean;
}

/** Letters wide as two cells in terminals count as two: East Asian scripts and emoji. */
const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60]|\p{Extended_Pictographic}/gu;
const width = (text: string): number => Array.from(text).length + (text.match(WIDE)?.length ?? 0);

/** Names and keys may hold anything: control letters would move the cursor of whoever looks. */
// oxlint-disable-next-line no-control-regex
export const safeText = (text: string): string => text.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, '�');

/** Rows below their titles, in columns two spaces apart; empty rows give only the titles. */
export function formatColumns(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map((column) => column.title), ...rows.map((row) => row.map(safeText))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => width(row[index] ?? ''))));
  const line = (row: readonly string[]): string =>
    columns
      .map((column, index) => {
        const text = row[index] ?? '';
        const fill = ' '.repeat((widths[index] ?? 0) - width(text));
        return column.right ? fill + text : text + fill;
      })
      .join('  ')
      .trimEnd();
  return cells.map(line).join('\n');
}
