import { PARKED_NAMES, type ParkedTables } from '../../../engine/capture/parking/parked-tables.ts';
import { CAPTURE_DEFAULTS, type CapturePlace } from '../../../model/capture-spec.ts';
import { literal, qualified, quote } from '../sql/names.ts';

/** Names of what is ours in a source. */
export interface CaptureNames {
  /** Our own user: all of it lies there, triggers too. */
  readonly schema: string;
  /** In capitals, as Oracle has names without quotation marks. */
  readonly prefix: string;
  /** Quoted names, behind their schema. */
  readonly events: string;
  readonly installation: string;
  readonly tables: string;
  readonly lanes: string;
  readonly claims: string;
  /** How far loads of existing rows are, by transfer and table: from version 2 on. */
  readonly loads: string;
  /** What is set apart of lanes, and what is counted: from version 2 on. */
  readonly parking: ParkedTables;
  /** Of ids, and of the index on them in the heap form. */
  readonly ids: string;
  readonly byId: string;
  /** Package that triggers call, and the one that looks after the staging table. */
  readonly recorder: string;
  readonly keeper: string;
  /** The recorder within its own schema, as triggers name it. */
  readonly own: string;
  /** Tables without quotes and schema, in the order in which they are made: those that every version has. */
  readonly bare: readonly string[];
}

const TABLES = ['EVENT_LOGS', 'CAPTURE_INSTALLATION', 'CAPTURED_TABLES', 'CAPTURE_LANES', 'CAPTURE_CLAIMS'];

/** Of long texts, which are CLOBs, no operator tells whether two are the same; an empty one is NULL. */
const OWN: NonNullable<ParkedTables['own']> = {
  limit: (rows) => ` FETCH FIRST ${rows} ROWS ONLY`,
  sameText: (column, text) =>
    text === '' ? `${column} IS NULL` : `DBMS_LOB.COMPARE(${column}, TO_CLOB(${literal(text)})) = 0`,
};

/**
 * The capture lies in the schema of the connection's user, as the ledger does, its names behind the prefix. A schema that is configured
 * is another user's: of one who may only read and free events, where the triggers were deployed by that user.
 */
export function captureNames(user: string, place: CapturePlace): CaptureNames {
  const schema = place.schema === CAPTURE_DEFAULTS.schema ? user : place.schema;
  const prefix = place.prefix.toUpperCase();
  const named = (name: string): string => qualified({ schema, name: prefix + name });
  const [events = '', installation = '', tables = '', lanes = '', claims = ''] = TABLES.map(named);
  return {
    schema,
    prefix,
    events,
    installation,
    tables,
    lanes,
    claims,
    loads: named('CAPTURE_LOADS'),
    parking: {
      parked: named(PARKED_NAMES.parked.toUpperCase()),
      excluded: named(PARKED_NAMES.excluded.toUpperCase()),
      minutes: named(PARKED_NAMES.minutes.toUpperCase()),
      lags: named(PARKED_NAMES.lags.toUpperCase()),
      literal,
      own: OWN,
    },
    ids: named('EVENT_IDS'),
    byId: named('EVENTS_BY_ID'),
    recorder: named('RECORDER'),
    keeper: named('KEEPER'),
    own: quote(`${prefix}RECORDER`),
    bare: TABLES.map((name) => prefix + name),
  };
}
