import { LOCK_STATEMENT, UNLOCK_STATEMENT, COMMIT } from '../../../src/databases/oracle/connections/pool.ts';
import {
  ASSERT_STATEMENT,
  FACTS_STATEMENT,
  PIN_STATEMENTS,
} from '../../../src/databases/oracle/connections/pins.ts';
import { SCN_STATEMENTS } from '../../../src/databases/oracle/connections/snapshots.ts';
import { INCARNATION_STATEMENTS } from '../../../src/databases/oracle/database.ts';
import { oracle } from '../../../src/databases/oracle/dialect.ts';
import { columnBinds } from '../../../src/databases/oracle/rows/bind-rows.ts';
import { renderRead } from '../../../src/databases/oracle/rows/read-rows.ts';
import {
  renderInsert,
  renderMerge,
  renderRemove,
  renderUpdate,
} from '../../../src/databases/oracle/rows/write-rows.ts';
import {
  COLUMNS,
  CONSTRAINTS,
  INDEXES,
  LIST_STATEMENT,
  renderCatalog,
  TABLES,
} from '../../../src/databases/oracle/sql/catalog-queries.ts';
import {
  renderBucketSums,
  renderChecksum,
  renderRowDigests,
  sqlCells,
} from '../../../src/databases/oracle/sql/checksum-sql.ts';
import { renderBounds, renderWhere } from '../../../src/databases/oracle/sql/keys.ts';
import {
  renderCountSelected,
  renderCountTarget,
  renderHasRows,
  renderMarker,
} from '../../../src/databases/oracle/sql/table-sql.ts';
import { postgresql } from '../../../src/databases/postgresql/dialect.ts';
import { captureStatements } from './capture-statements.ts';
import { driftStatements } from './drift-statements.ts';
import { ledgerStatements } from './ledger-statements.ts';
import { policies } from './policy-statements.ts';
import { structures } from './structure-statements.ts';
import { type Column, planOf, tableOf } from './plans.ts';

const EVERY_TYPE: readonly Column[] = [
  'NUMBER(19)',
  'NUMBER(12,2)',
  'NUMBER',
  'BINARY_DOUBLE',
  'BINARY_FLOAT',
  'VARCHAR2(40 CHAR)',
  'NVARCHAR2(40)',
  'CHAR(10 CHAR)',
  'RAW(16)',
  'DATE',
  'TIMESTAMP(6)',
  'TIMESTAMP(9) WITH TIME ZONE',
  'TIMESTAMP(3) WITH LOCAL TIME ZONE',
  'INTERVAL YEAR(2) TO MONTH',
  'INTERVAL DAY(2) TO SECOND(6)',
  'CLOB',
  'NCLOB',
  'BLOB',
  'XMLTYPE',
  'JSON',
].map((type, place) => ({ name: `C${place}`, type }));

const FROM_POSTGRESQL: readonly Column[] = [
  { name: 'id', type: 'bigint', changes: { identity: 'by-default', comment: "the order's number" } },
  { name: 'note', type: 'character varying(40)', changes: { default: "'none'::character varying" } },
  ...[
    'text',
    'numeric(12,2)',
    'numeric',
    'real',
    'double precision',
    'boolean',
    'bytea',
    'uuid',
    'date',
    'timestamp(3) without time zone',
    'timestamp with time zone',
    'time without time zone',
    'interval',
    'jsonb',
    'bit varying(8)',
  ].map((type, place) => ({ name: `c${place}`, type })),
];

const ADDRESS = { lane: 1, after: ['AAAR3sAAEAAAACXAAA'], upto: ['AAAR3sAAEAAAACXAAB'] };

function readings(): readonly (readonly [string, string])[] {
  const other = { dialect: postgresql };
  const keyed = tableOf(EVERY_TYPE, ['C5', 'C0']);
  const plan = planOf({ dialect: oracle, table: keyed }, other, { where: '"C0" > 3 -- and more' });
  const keyless = planOf({ dialect: oracle, table: tableOf(EVERY_TYPE.slice(0, 1), null) }, other);
  const few = tableOf(
    EVERY_TYPE.filter(({ type }) => /ZONE|INTERVAL/.test(type)),
    null,
  );
  const same = planOf({ dialect: oracle, table: few }, { dialect: oracle });
  const short = planOf(
    {
      dialect: oracle,
      table: tableOf(
        EVERY_TYPE.filter(({ name }) => ['C0', 'C5', 'C9'].includes(name)),
        ['C5', 'C9', 'C0'],
      ),
    },
    other,
  );
  const range = { lane: 1, after: ['a', '1'], upto: ['b', '2'] };
  return [
    ['read a range', renderRead({ plan, range, after: null }, { snapshot: null }).statement.text],
    [
      'read on, as of a snapshot',
      renderRead(
        { plan: short, range, after: ['aa', '2024-01-01 00:00:00', '7'] },
        { snapshot: '4711', mostRows: 30 },
      ).statement.text,
    ],
    [
      'read between two of the product',
      renderRead({ plan: same, range: { lane: 1, after: null, upto: null }, after: null }, { snapshot: null })
        .statement.text,
    ],
    [
      'read by address',
      renderRead({ plan: keyless, range: ADDRESS, after: null }, { snapshot: '4711' }).statement.text,
    ],
    ['cut by key', renderBounds(plan, 50_000, null).text],
    ['cut by address, as of a snapshot', renderBounds(keyless, 50_000, '4711').text],
    ['count', renderCountSelected(plan).text],
    ['count the first rows', renderCountSelected({ ...plan, mostRows: 30 }).text],
    ['marker', renderMarker(plan)],
  ];
}

function comparisons(): readonly (readonly [string, string])[] {
  const columns = EVERY_TYPE.filter(({ name }) =>
    ['C0', 'C1', 'C5', 'C8', 'C9', 'C10', 'C12'].includes(name),
  );
  const table = tableOf(columns, ['C0']);
  const plan = planOf({ dialect: oracle, table }, { dialect: postgresql });
  const cells = sqlCells(plan.columns, 'source') ?? [];
  const where = renderWhere(plan, 'source', {
    range: { lane: 1, after: ['1'], upto: ['2'] },
    after: null,
  }).text;
  const naming = { from: '"SHOP"."ORDERS"', where, keys: [0], cells, buckets: 256 };
  return [
    ['checksum', renderChecksum(naming)],
    ['sums of buckets', renderBucketSums(naming)],
    ['digests of rows', renderRowDigests(naming, [1, 2, 3])],
  ];
}

function writings(): readonly (readonly [string, string])[] {
  const source = { dialect: postgresql, table: tableOf(FROM_POSTGRESQL, ['id']) };
  const target = { dialect: oracle };
  const plan = planOf(source, target, { mode: 'upsert' });
  const binds = columnBinds(plan);
  const small = binds.filter(({ empty }) => empty === null);
  const keyOnly = planOf({ ...source, table: tableOf(FROM_POSTGRESQL.slice(0, 2), ['id', 'note']) }, target, {
    mode: 'upsert',
  });
  const none: ReadonlySet<string> = new Set();
  const zoned = tableOf([{ name: 'C0', type: 'TIMESTAMP(9) WITH TIME ZONE' }], null);
  const same = planOf({ dialect: oracle, table: zoned }, target);
  const empties = new Set(binds.filter(({ empty }) => empty !== null).map(({ name }) => name));
  return [
    ['insert', renderInsert(plan, binds, none)],
    ['insert moments with their zones', renderInsert(same, columnBinds(same), none)],
    ['insert empty large objects', renderInsert(plan, binds, empties)],
    ['merge', renderMerge(plan, small)],
    ['merge of keys alone', renderMerge(keyOnly, columnBinds(keyOnly))],
    ['update', renderUpdate(plan, binds, none)],
    ['delete by key', renderRemove(plan, binds.slice(0, 1))],
    ['delete by a key of several columns', renderRemove(keyOnly, columnBinds(keyOnly))],
    ['count at the target', renderCountTarget(plan)],
    ['has rows', renderHasRows(plan)],
  ];
}

/** Every kind of statement that is sent to Oracle, by what it is for. */
export function statements(): readonly (readonly [string, string])[] {
  const tables = [
    { schema: 'SHOP', name: 'ORDERS' },
    { schema: 'SHOP', name: 'order lines' },
    { schema: 'CRM', name: 'PEOPLE' },
  ];
  return [
    ...PIN_STATEMENTS.map((text, place) => [`pin ${place}`, text] as const),
    ['assert', ASSERT_STATEMENT],
    ['facts', FACTS_STATEMENT],
    ['lock', LOCK_STATEMENT],
    ['unlock', UNLOCK_STATEMENT],
    ['commit', COMMIT],
    ...Object.entries(SCN_STATEMENTS).map(([name, text]) => [`scn ${name}`, text] as const),
    ...Object.entries(INCARNATION_STATEMENTS).map(([name, text]) => [`incarnation ${name}`, text] as const),
    ['list', LIST_STATEMENT],
    ...Object.entries({ TABLES, COLUMNS, CONSTRAINTS, INDEXES }).map(
      ([name, query]) => [`catalog ${name}`, renderCatalog(query, tables).text] as const,
    ),
    ...ledgerStatements(),
    ...driftStatements(),
    ...readings(),
    ...comparisons(),
    ...policies(),
    ...writings(),
    ...structures(),
    ...captureStatements(),
  ];
}
