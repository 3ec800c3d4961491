import { type LoadColumn, loadColumns } from '../../../../engine/capture/loads/load-columns.ts';
import type { LoadPosition } from '../../../../engine/capture/loads/stored-load.ts';
import {
  type OrderedValue,
  renderBehind,
  renderUpTo,
} from '../../../../engine/driver/position-conditions.ts';
import type { WantedLoad } from '../../../../engine/ports/initial-load.ts';
import { literal, quote } from '../../sql.ts';
import { parseType } from '../../types/type-text.ts';
import { asText } from '../triggers/texts/json-of.ts';

/** Types whose order is that of pg_catalog's operators, and whose texts are read as what they were. */
const ORDERED = new Set(
  [
    'smallint|integer|bigint|numeric|real|double precision|boolean|text|character varying|character|name|uuid|bytea|oid',
    'date|time without time zone|time with time zone|timestamp without time zone|timestamp with time zone|interval|inet|cidr',
    'macaddr|macaddr8|bit|bit varying|"char"|money',
  ].flatMap((names) => names.split('|')),
);

const isOrdered = ({ column }: LoadColumn): boolean =>
  column.enumLabels !== null || ORDERED.has(parseType(column.type).base);

/** @throws SluiceError capture.key_needed, config.invalid */
export const orderedColumns = (wanted: WantedLoad): readonly LoadColumn[] =>
  loadColumns(wanted, (each) => isOrdered(each));

const cell = ({ column }: LoadColumn): string => `n.${quote(column.name)}`;

const at = (columns: readonly LoadColumn[], position: LoadPosition): readonly OrderedValue[] =>
  columns.map((each, index) => ({
    column: cell(each),
    value: `${literal(position[index] ?? '')}::${each.column.type}`,
    descending: each.descending,
  }));

export const renderOrder = (columns: readonly LoadColumn[]): string =>
  columns.map((each) => `${cell(each)}${each.descending ? ' DESC' : ''}`).join(', ');

export const renderPosition = (columns: readonly LoadColumn[]): string =>
  columns.map((each) => asText(cell(each))).join(', ');

/** Conditions of rows behind one position and up to another; null: from the first, to the last. */
export const renderWithin = (
  columns: readonly LoadColumn[],
  after: LoadPosition | null,
  upto: LoadPosition | null,
): readonly string[] => [
  ...(after === null ? [] : [renderBehind(at(columns, after), 'rows')]),
  ...(upto === null ? [] : [renderUpTo(at(columns, upto), 'rows')]),
];
