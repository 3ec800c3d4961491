import { type LoadColumn, loadColumns } from '../../../../engine/capture/loads/load-columns.ts';
import type { LoadPosition } from '../../../../engine/capture/loads/stored-load.ts';
import {
  type OrderedValue,
  renderBehind,
  renderUpTo,
} from '../../../../engine/driver/position-conditions.ts';
import type { WantedLoad } from '../../../../engine/ports/initial-load.ts';
import { SluiceError } from '../../../../model/sluice-error.ts';
import { list, literal } from '../../sql/names.ts';
import { INT_BITS, parseType } from '../../types/type-text.ts';
import { rowNamed } from '../triggers/user-sql.ts';

/** How a value becomes a text, and that is compared with the column again. */
interface Spelling {
  readonly text: (value: string) => string;
  readonly compared: (text: string) => string;
}

const number = (text: string): string => {
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return text;
  throw new SluiceError('internal', 'the position of a number is none');
};
const hex = (text: string): string => {
  if (/^(?:[0-9A-F]{2})*$/.test(text)) return `X'${text}'`;
  throw new SluiceError('internal', 'the position of bytes is none');
};

const NUMBER: Spelling = { text: (value) => `CAST(${value} AS CHAR)`, compared: number };
/** By the number of the label, as the server orders them; bits are numbers too. */
const COUNTED: Spelling = { text: (value) => `CAST(${value} + 0 AS CHAR)`, compared: number };
const TEXT: Spelling = { text: (value) => `CONVERT(${value} USING utf8mb4)`, compared: literal };
const MOMENT: Spelling = { text: (value) => `CAST(${value} AS CHAR)`, compared: literal };
const BYTES: Spelling = { text: (value) => `HEX(${value})`, compared: hex };

/** Null: nobody can say of a text of it where it stands. */
function spellingOf({ column }: LoadColumn): Spelling | null {
  const { base } = parseType(column.type);
  if (INT_BITS[base] !== undefined || base === 'decimal' || base === 'year') return NUMBER;
  if (base === 'enum' || base === 'bit') return COUNTED;
  if (base === 'binary' || base === 'varbinary' || base.endsWith('blob')) return BYTES;
  if (base === 'char' || base === 'varchar' || base.endsWith('text')) return TEXT;
  return ['date', 'time', 'datetime', 'timestamp', 'uuid', 'inet4', 'inet6'].includes(base) ? MOMENT : null;
}

/** @throws SluiceError capture.key_needed, config.invalid */
export const orderedColumns = (wanted: WantedLoad): readonly LoadColumn[] =>
  loadColumns(wanted, (each) => spellingOf(each) !== null);

const row = rowNamed('n');
const cell = ({ column }: LoadColumn): string => row(column.name);

const at = (columns: readonly LoadColumn[], position: LoadPosition): readonly OrderedValue[] =>
  columns.map((each, index) => ({
    column: cell(each),
    value: (spellingOf(each) ?? TEXT).compared(position[index] ?? ''),
    descending: each.descending,
  }));

export const renderOrder = (columns: readonly LoadColumn[]): string =>
  list(columns.map((each) => `${cell(each)}${each.descending ? ' DESC' : ''}`));

export const renderPosition = (columns: readonly LoadColumn[]): readonly string[] =>
  columns.map((each) => (spellingOf(each) ?? TEXT).text(cell(each)));

/** Conditions of rows behind one position and up to another; null: from the first, to the last. */
export const renderWithin = (
  columns: readonly LoadColumn[],
  after: LoadPosition | null,
  upto: LoadPosition | null,
): readonly string[] => [
  ...(after === null ? [] : [renderBehind(at(columns, after), 'spelled')]),
  ...(upto === null ? [] : [renderUpTo(at(columns, upto), 'spelled')]),
];

/** The one row at a position. */
export const renderAt = (columns: readonly LoadColumn[], position: LoadPosition): string =>
  at(columns, position)
    .map(({ column, value }) => `${column} = ${value}`)
    .join(' AND ');
