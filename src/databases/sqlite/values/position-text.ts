import type { LogicalKind, LogicalType } from '../../../model/logical-type.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { bindOf } from './bind-value.ts';
import { canonicalText, type ThreadColumn } from './canonical-text.ts';
import { float64Text } from '../../../engine/driver/float-text.ts';
import { isCanonicalInt64, type StoredValue } from './stored-value.ts';

const PLACE = { table: '', side: 'source' } as const;

/**
 * Text of a key column's stored value. Other than the canonical text of a cell it is never normalised (a uuid keeps its
 * upper-case letters), for it must find its place in the index again. It is the same for the types whose order is
 * portable: integers, text and bytes.
 */
export function positionText(value: StoredValue, logical: LogicalType): string {
  if (logical.kind === 'any')
    return canonicalText({ name: '', logical, affinity: 'exact' }, PLACE)(value) ?? '';
  if (typeof value === 'bigint')
    return logical.kind === 'boolean' ? (value === 0n ? 'f' : 't') : String(value);
  if (typeof value === 'number') return float64Text(value);
  return typeof value === 'string' ? value : `\\x${(value ?? Buffer.alloc(0)).toString('hex')}`;
}

/** A number of a column whose affinity is numeric, exactly: SQLite's own reading of a text may be one digit off. */
const numberValue = (text: string): StoredValue => {
  if (isCanonicalInt64(text)) return BigInt(text);
  const value = Number(text);
  return Number.isNaN(value) ? text : value;
};

/**
 * The value to compare a key column with. Dates and the like are bound as text, and so are decimals that are kept as text.
 * @throws SluiceError target.ledger_damaged when the text is no position of such a column
 */
export function positionValue(
  text: string,
  { logical, affinity }: Pick<ThreadColumn, 'logical' | 'affinity'>,
): StoredValue {
  if (logical.kind === 'decimal' && affinity !== 'text' && affinity !== 'exact') return numberValue(text);
  const kept = KEPT_AS_TEXT.has(logical.kind) ? 'text' : 'exact';
  const value = bindOf({ name: '', logical, affinity: kept })(text);
  if (value === undefined) {
    throw new SluiceError(
      'target.ledger_damaged',
      `a position does not fit a key column of kind ${logical.kind}`,
    );
  }
  return value;
}

const KEPT_AS_TEXT: ReadonlySet<LogicalKind> = new Set([
  'decimal',
  'text',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'interval',
  'json',
  'jsonb',
  'xml',
  'uuid',
  'enum',
  'bits',
]);
