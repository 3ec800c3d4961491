import { renderBound } from '../../../src/databases/oracle/capture/loads/load-statements.ts';
import * as claims from '../../../src/databases/oracle/capture/sql/claims-sql.ts';
import * as inspect from '../../../src/databases/oracle/capture/sql/inspect-sql.ts';
import * as install from '../../../src/databases/oracle/capture/sql/install-sql.ts';
import * as keeper from '../../../src/databases/oracle/capture/sql/keeper-sql.ts';
import * as loads from '../../../src/databases/oracle/capture/sql/loads-sql.ts';
import * as parking from '../../../src/databases/oracle/capture/sql/parking-sql.ts';
import * as triggers from '../../../src/databases/oracle/capture/sql/trigger-catalog-sql.ts';
import type { CaptureNames } from '../../../src/databases/oracle/capture/capture-names.ts';
import { renderCatalog } from '../../../src/databases/oracle/sql/catalog-queries.ts';
import type { Statement } from '../../../src/databases/oracle/sql/names.ts';
import { captured, LOADED, loadSourceOf } from './captured.ts';

type Titled = readonly (readonly [string, string])[];

const STAGING = { partitionEvents: 100_000, initrans: 16 } as const;
const ORDERS = { schema: 'SHOP', name: 'ORDERS' } as const;
const textOf = (given: string | Statement): string => (typeof given === 'string' ? given : given.text);
const titled = (what: string, texts: readonly string[]): Titled =>
  texts.map((text, place) => [`capture ${what} ${place}`, text] as const);

/** All that a file of statements exports for one argument: what is added there is here. */
const plain = (renderers: Readonly<Record<string, (of: CaptureNames) => string | Statement>>): Titled =>
  Object.entries(renderers).map(([name, render]) => [`capture ${name}`, textOf(render(captured))] as const);

function ofClaims(): Titled {
  const {
    LANE_KEY: _,
    NOW: ____,
    EVENT_ITEMS: __,
    renderMomentText: ___,
    OPEN_TRANSACTIONS,
    renderEvents,
    renderEventIds,
    renderPending,
    renderDeleteEvents,
    ...rest
  } = claims;
  const ofTables = { renderEvents, renderEventIds, renderPending, renderDeleteEvents };
  return [
    ['capture OPEN_TRANSACTIONS', OPEN_TRANSACTIONS],
    ...Object.entries(ofTables).map(
      ([name, render]) => [`capture ${name}`, render(captured, '1,2')] as const,
    ),
    ['capture renderEvents of no table', renderEvents(captured, '')],
    ...plain(rest),
  ];
}

function ofInstallation(): Titled {
  const { PARTITIONING, grantStatements, installStatements, laterStatements, ...all } = install;
  const { readerGrants, removeStatements, ...rest } = all;
  const { renderPartitioned, renderHeap, renderIdIndex, renderInterval, renderPartInitrans, ...more } = rest;
  const { renderHeapInitrans, renderIndexInitrans, renderErrors, renderSource, renderComments, ...others } =
    more;
  const { CAPTURE_VERSION: _, OURS: __, GONE: ___, PARKING_VERSION: ____, ...simple } = others;
  const ofForm = {
    renderPartitioned,
    renderHeap,
    renderIdIndex,
    renderInterval,
    renderPartInitrans,
    renderHeapInitrans,
    renderIndexInitrans,
  };
  return [
    ['capture PARTITIONING', PARTITIONING],
    ...Object.entries(ofForm).map(
      ([name, render]) => [`capture ${name}`, render(captured, STAGING)] as const,
    ),
    ['capture renderErrors', renderErrors('CDC', 'SLUICE_RECORDER', 'PACKAGE').text],
    ['capture renderSource', renderSource('CDC', 'SLUICE_RECORDER', 'PACKAGE').text],
    ...titled('table', installStatements(captured)),
    ...titled('later table', laterStatements(captured)),
    ...titled('comment', renderComments(captured)),
    ...titled('grant', grantStatements('"CDC"')),
    ...titled('grant to a reader', readerGrants(captured, '"READER"')),
    ...titled('removal', removeStatements(captured)),
    ...plain(simple),
  ];
}

function ofTriggers(): Titled {
  const {
    TABLE_FACTS,
    OTHER_TRIGGERS,
    renderCheckCondition,
    renderCheckExpression,
    renderDropTrigger,
    renderCompileTrigger,
    renderWaitForWriters,
    ...rest
  } = triggers;
  return [
    ['capture TABLE_FACTS', renderCatalog(TABLE_FACTS, [ORDERS]).text],
    ['capture OTHER_TRIGGERS', renderCatalog(OTHER_TRIGGERS, [ORDERS]).text],
    ['capture condition', renderCheckCondition(ORDERS, 'total > 3')],
    ['capture expression', renderCheckExpression(ORDERS, 'total * 2')],
    ['capture renderDropTrigger', renderDropTrigger(captured, 'SLUICE_7_ORDERS')],
    ['capture renderCompileTrigger', renderCompileTrigger(captured, 'SLUICE_7_ORDERS')],
    ['capture renderWaitForWriters', renderWaitForWriters(ORDERS, 1)],
    ...plain(rest),
  ];
}

/** Columns of each type by which rows are loaded. */
const ORDERED = [
  'NUMBER',
  'FLOAT(126)',
  'VARCHAR2(40 CHAR)',
  'CHAR(10)',
  'NVARCHAR2(40)',
  'NCHAR(10)',
  'RAW(16)',
  'DATE',
  'TIMESTAMP(6)',
  'TIMESTAMP(9) WITH TIME ZONE',
  'TIMESTAMP(3) WITH LOCAL TIME ZONE',
];

function ofLoads(): Titled {
  const columns = ORDERED.map((type, at) => ({ name: `C${at}`, type, changes: { nullable: false } }));
  const byType = columns.map(({ name, type }) => {
    const load = loadSourceOf({ columns, key: [name] });
    return [`capture bound of a load by ${type}`, renderBound(load, ['x'])] as const;
  });
  const { STAGED_PAYLOAD: _, ...rest } = parking;
  return [
    ...plain(loads),
    ...plain(rest),
    ['capture first bound of a load', renderBound(loadSourceOf(LOADED['plain']!), null)],
    ['capture bound of a load in another order', renderBound(loadSourceOf(LOADED['asked']!), ['B', '10'])],
    ...byType,
  ];
}

function ofInspector(): Titled {
  const { LONGEST_TRANSACTION, ...rest } = inspect;
  return [['capture LONGEST_TRANSACTION', LONGEST_TRANSACTION], ...plain(rest)];
}

export function captureStatements(): Titled {
  const { renderLockTimeout, renderKeeperSpec: _, renderKeeperBody: __, ...rest } = keeper;
  return [
    ['capture renderLockTimeout', renderLockTimeout(1)],
    ...plain(rest),
    ...ofClaims(),
    ...ofInstallation(),
    ...ofTriggers(),
    ...ofLoads(),
    ...ofInspector(),
  ];
}
