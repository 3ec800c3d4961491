import { orderedColumns } from '../../../src/databases/oracle/capture/loads/load-position.ts';
import { type LoadSource, renderChunk } from '../../../src/databases/oracle/capture/loads/load-statements.ts';
import { captureNames } from '../../../src/databases/oracle/capture/capture-names.ts';
import { renderKeeperBody, renderKeeperSpec } from '../../../src/databases/oracle/capture/sql/keeper-sql.ts';
import { renderRecorderBody } from '../../../src/databases/oracle/capture/sql/recorder-body.ts';
import { renderRecorderSpec } from '../../../src/databases/oracle/capture/sql/recorder-spec.ts';
import { renderBody, renderCreate } from '../../../src/databases/oracle/capture/triggers/render-trigger.ts';
import { makeSubject } from '../../../src/databases/oracle/capture/triggers/subject.ts';
import { payloadColumns } from '../../../src/engine/capture/triggers/recorded-columns.ts';
import type { LoadOrder, WantedLoad } from '../../../src/engine/ports/initial-load.ts';
import { CAPTURE_DEFAULTS, type CapturedTableSpec } from '../../../src/model/capture-spec.ts';
import { type Column, tableOf } from './plans.ts';

/** Where a capture of the user CDC lies. */
export const captured = captureNames('CDC', {
  schema: CAPTURE_DEFAULTS.schema,
  prefix: CAPTURE_DEFAULTS.prefix,
});

const column = (name: string, type: string): Column => ({ name, type });

const ORDERS = [column('ID', 'NUMBER(18)'), column('NAME', 'VARCHAR2(40 CHAR)')];

/** Columns of every type that a trigger records. */
export const EVERY_RECORDED_TYPE: readonly Column[] = [
  'NUMBER(19)',
  'NUMBER(12,2)',
  'NUMBER',
  'FLOAT(126)',
  'BINARY_DOUBLE',
  'BINARY_FLOAT',
  'VARCHAR2(40 CHAR)',
  'VARCHAR2(4000 CHAR)',
  'NVARCHAR2(40)',
  'NVARCHAR2(16000)',
  'CHAR(10 CHAR)',
  'NCHAR(10)',
  'RAW(16)',
  'RAW(32767)',
  'DATE',
  'TIMESTAMP(6)',
  'TIMESTAMP(9) WITH TIME ZONE',
  'TIMESTAMP(3) WITH LOCAL TIME ZONE',
  'INTERVAL YEAR(2) TO MONTH',
  'INTERVAL DAY(2) TO SECOND(6)',
  'CLOB',
  'NCLOB',
  'BLOB',
  'ROWID',
  'BOOLEAN',
  'XMLTYPE',
  'JSON',
].map((type, place) => column(`C${place}`, type));

export function triggerOf(
  columns: readonly Column[],
  key: readonly string[] | null,
  spec: CapturedTableSpec = {},
): string {
  const subject = makeSubject({ table: tableOf(columns, key), spec }, 7);
  const trigger = { name: 'SLUICE_7_ORDERS', body: renderBody(captured, subject) };
  return renderCreate(captured, subject, trigger);
}

interface LoadedTable {
  readonly columns: readonly Column[];
  readonly key: readonly string[];
  readonly spec?: CapturedTableSpec;
  readonly where?: string;
  readonly order?: readonly LoadOrder[];
}

/** Existing rows of the captured table 7, as a transfer wants them. */
export function wantedLoad({ columns, key, spec = {}, where, order = [] }: LoadedTable): WantedLoad {
  const table = tableOf(columns, key);
  return {
    transfer: 'orders',
    generation: 1,
    captured: {
      number: 7,
      table: table.table,
      columns: payloadColumns({ table, spec }).map(({ name }) => name),
      primaryKey: key,
      spec,
      intact: true,
    },
    table,
    where: where ?? null,
    order,
  };
}

export function loadSourceOf(loaded: LoadedTable): LoadSource {
  const wanted = wantedLoad(loaded);
  const { table, captured: of, where } = wanted;
  const subject = makeSubject({ table, spec: of.spec }, of.number);
  return { subject, columns: orderedColumns(wanted), where };
}

export const LOADED: Readonly<Record<string, LoadedTable>> = {
  plain: { columns: ORDERS, key: ['ID'] },
  asked: {
    columns: [
      ...ORDERS.map((each) => ({ ...each, changes: { nullable: false } })),
      column('state', 'VARCHAR2(10)'),
    ],
    key: ['ID'],
    spec: {
      where: `"state" <> 'don''t\ncare' OR name IS NULL`,
      columns: { exclude: ['state'] },
      expressions: { loud: `UPPER("state")` },
      key: { expression: 'id * 2' },
    },
    where: "name LIKE 'A%'",
    order: [{ column: 'NAME', descending: true }],
  },
};

/** The block that writes the rows of a chunk, of every type. */
export const chunkOfEveryType = (): string =>
  renderChunk(captured, loadSourceOf({ columns: EVERY_RECORDED_TYPE, key: ['C0', 'C6', 'C8'] }), {
    after: ['1', 'a', '\\00e4'],
    upto: ['2', 'b', 'c'],
  });

/** Units of PL/SQL of each kind, which both checkers read. */
export const units = (): readonly (readonly [title: string, text: string])[] => [
  ['trigger', triggerOf(ORDERS, ['ID'])],
  [
    'trigger with SQL of the user',
    triggerOf([...ORDERS, column('state', 'VARCHAR2(10)')], ['ID'], {
      where: `"state" <> 'don''t\ncare' OR name IS NULL`,
      columns: { exclude: ['state'] },
      expressions: { loud: 'UPPER(name)' },
      key: { expression: 'id * 2' },
    }),
  ],
  [
    'trigger of a table without a key, with large objects',
    triggerOf([column('NOTE', 'CLOB'), column('PICTURE', 'BLOB')], null, {
      key: { fixed: "it's" },
      operations: ['insert', 'update'],
    }),
  ],
  [
    'trigger of keys alone',
    triggerOf(ORDERS, ['ID'], { payload: 'key', key: 'transaction', operations: ['delete'] }),
  ],
  [
    'first chunk of a load',
    renderChunk(captured, loadSourceOf(LOADED['plain']!), { after: null, upto: ['10'] }),
  ],
  [
    'last chunk of a load with SQL of the user',
    renderChunk(captured, loadSourceOf(LOADED['asked']!), { after: ['B', '10'], upto: null }),
  ],
  ['recorder', renderRecorderSpec(captured)],
  ['body of the recorder', renderRecorderBody(captured)],
  ['keeper', renderKeeperSpec(captured)],
  ['body of the keeper', renderKeeperBody(captured)],
];
