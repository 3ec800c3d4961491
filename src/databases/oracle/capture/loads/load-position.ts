import { type LoadColumn, loadColumns } from '../../../../engine/capture/loads/load-columns.ts';
import type { LoadPosition } from '../../../../engine/capture/loads/stored-load.ts';
import {
  type OrderedValue,
  renderBehind,
  renderUpTo,
} from '../../../../engine/driver/position-conditions.ts';
import type { WantedLoad } from '../../../../engine/ports/initial-load.ts';
import { type Binds, list, quote } from '../../sql/names.ts';
import { LOAD_MOMENT, LOAD_SECOND, LOAD_TIMESTAMP } from '../../types/load-text.ts';
import { renderMoment, renderNumber, renderTimestamp } from '../../types/render-text.ts';
import { argsOf, isNational, MOST_BYTES, parseType, type TypeText } from '../../types/type-text.ts';

/** How a value becomes a text, and a text that comes as a bind the value again, `$value` in its place: both to the last bit. */
interface Spelling {
  readonly text: (value: string) => string;
  readonly value: string;
}

/** National letters are told in ASCII, which takes five for one: the database may lack them. */
const ASCII_LETTERS = 5;
const MOST = MOST_BYTES['VARCHAR2'] ?? 0;

const NUMBER: Spelling = { text: renderNumber, value: 'TO_NUMBER($value)' };
const TEXT: Spelling = { text: (value) => value, value: '$value' };
const NATIONAL: Spelling = { text: (value) => `ASCIISTR(${value})`, value: 'UNISTR($value)' };
const BYTES: Spelling = { text: (value) => `RAWTOHEX(${value})`, value: 'HEXTORAW($value)' };

function textSpelling({ base, args: [length = 1] }: TypeText): Spelling | null {
  if (!isNational(base)) return length <= MOST ? TEXT : null;
  return ASCII_LETTERS * length <= MOST ? NATIONAL : null;
}

/** Null: nobody can say of a text of it where it stands, or it is too long to be told. */
function spellingOf({ column }: LoadColumn): Spelling | null {
  const type = parseType(column.type);
  const [first = 0] = argsOf(type);
  switch (type.base) {
    case 'NUMBER':
    case 'FLOAT':
      return NUMBER;
    case 'VARCHAR2':
    case 'CHAR':
    case 'NVARCHAR2':
    case 'NCHAR':
      return textSpelling(type);
    case 'RAW':
      return 2 * first <= MOST ? BYTES : null;
    case 'DATE':
      return { text: (value) => renderTimestamp(value, 0), value: LOAD_SECOND };
    case 'TIMESTAMP':
      return { text: (value) => renderTimestamp(value, first), value: LOAD_TIMESTAMP };
    case 'TIMESTAMP WITH TIME ZONE':
    case 'TIMESTAMP WITH LOCAL TIME ZONE': {
      const isLocal = type.base === 'TIMESTAMP WITH LOCAL TIME ZONE';
      return { text: (value) => renderMoment(value, first, isLocal), value: LOAD_MOMENT };
    }
    default:
      return null;
  }
}

/** @throws SluiceError capture.key_needed, config.invalid */
export const orderedColumns = (wanted: WantedLoad): readonly LoadColumn[] =>
  loadColumns(wanted, (each) => spellingOf(each) !== null);

/** Of the table as statements of a load name it. */
export const ROW = 'N';
const cell = ({ column }: LoadColumn): string => `${ROW}.${quote(column.name)}`;

export const renderOrder = (columns: readonly LoadColumn[]): string =>
  list(columns.map((each) => `${cell(each)}${each.descending ? ' DESC' : ''}`));

/** Texts of the columns of a row. */
export const renderPosition = (columns: readonly LoadColumn[]): readonly string[] =>
  columns.map((each) => (spellingOf(each) ?? TEXT).text(cell(each)));

/** `a`: behind it; `u`: up to it. */
type Place = 'a' | 'u';

const at = (columns: readonly LoadColumn[], place: Place): readonly OrderedValue[] =>
  columns.map((each, index) => ({
    column: cell(each),
    value: (spellingOf(each) ?? TEXT).value.replaceAll('$value', () => `:${place}${index}`),
    descending: each.descending,
  }));

/** Rows are not compared as such: what of the first column follows stands before it, for the index to begin there. */
function within(columns: readonly LoadColumn[], place: Place): string {
  const values = at(columns, place);
  const all = place === 'a' ? renderBehind(values, 'spelled') : renderUpTo(values, 'spelled');
  const [first] = values;
  if (first === undefined || values.length === 1) return all;
  const operator = (place === 'a') === first.descending ? '<=' : '>=';
  return `${first.column} ${operator} ${first.value} AND ${all}`;
}

/** Conditions of rows behind one position and up to another; null: from the first, to the last. */
export const renderWithin = (
  columns: readonly LoadColumn[],
  after: LoadPosition | null,
  upto: LoadPosition | null,
): readonly string[] => [
  ...(after === null ? [] : [within(columns, 'a')]),
  ...(upto === null ? [] : [within(columns, 'u')]),
];

const named = (place: Place, position: LoadPosition | null): readonly (readonly [string, string])[] =>
  (position ?? []).map((text, index) => [`${place}${index}`, text]);

/** What the conditions are about. */
export const positionBinds = (after: LoadPosition | null, upto: LoadPosition | null): Binds =>
  Object.fromEntries([...named('a', after), ...named('u', upto)]);
