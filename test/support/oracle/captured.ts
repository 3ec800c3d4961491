import { captureNames } from '../../../src/databases/oracle/capture/capture-names.ts';
import { renderKeeperBody, renderKeeperSpec } from '../../../src/databases/oracle/capture/sql/keeper-sql.ts';
import { renderRecorderBody } from '../../../src/databases/oracle/capture/sql/recorder-body.ts';
import { renderRecorderSpec } from '../../../src/databases/oracle/capture/sql/recorder-spec.ts';
import { renderBody, renderCreate } from '../../../src/databases/oracle/capture/triggers/render-trigger.ts';
import { makeSubject } from '../../../src/databases/oracle/capture/triggers/subject.ts';
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
  ['recorder', renderRecorderSpec(captured)],
  ['body of the recorder', renderRecorderBody(captured)],
  ['keeper', renderKeeperSpec(captured)],
  ['body of the keeper', renderKeeperBody(captured)],
];
