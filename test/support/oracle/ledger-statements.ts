import {
  installStatements,
  type LedgerNames,
  ledgerNames,
  parkedStatements,
  renderAdvance,
  renderLockLane,
  thereStatement,
  upgradeStatement,
} from '../../../src/databases/oracle/ledger/ledger-sql.ts';
import * as sql from '../../../src/databases/oracle/ledger/run-sql.ts';
import {
  namedStatement,
  parkingDialect,
  ROLLBACK_TO,
  SAVEPOINT,
} from '../../../src/databases/oracle/ledger/quarantine.ts';
import { CHECK_NOW, DEFER } from '../../../src/databases/oracle/ledger/late-checks.ts';
import { parkingSql } from '../../../src/engine/quarantine/parking-sql.ts';
import { sql as statement } from '../../../src/engine/quarantine/statement.ts';
import type { StoredEvent } from '../../../src/engine/ports/target-parking.ts';
import { makeBatch } from '../make-batch.ts';

const names = ledgerNames('SHOP', { schema: 'ignored', prefix: 'sluice_' });

/** All that the ledger's file of statements exports: what is added there is here. */
function ofRuns(): readonly (readonly [string, string])[] {
  const { openNextAttempt, ...others } = sql;
  const plain: Readonly<Record<string, (of: LedgerNames) => string>> = others;
  return [
    ...Object.entries(plain).map(([name, render]) => [`ledger ${name}`, render(names)] as const),
    ['ledger openNextAttempt', openNextAttempt(names, false)],
    ['ledger openNextAttempt, of one attempt', openNextAttempt(names, true)],
  ];
}

/** What every database is sent about events that are set apart, as Oracle gets it. */
function parkingStatements(): readonly (readonly [string, string])[] {
  const dialect = parkingDialect(names);
  const text = parkingSql(dialect);
  const lane = { transfer: 'orders', run: 1, table: '(changes)', generation: 1, lane: 1 };
  const place = { run: 1, claim: 2, event: '3' };
  const event: StoredEvent = {
    ...place,
    transfer: 'orders',
    lane: 1,
    table: 'SHOP.ORDERS',
    operation: 'U',
    chain: 'a',
    own: 'b',
    other: null,
    key: '{"ID":"1"}',
    state: 'waiting',
    attempts: 1,
    parkedAtMs: 1,
    retryAtMs: 2,
    finalAtMs: null,
    code: 'target.constraint_violated',
    message: 'refused',
    old: null,
    new: '{}',
  };
  const where = statement` AND table_id = ${'SHOP.ORDERS'} AND row_key = ${event.key} AND state = ${'final'}`;
  const all = {
    there: dialect.there,
    lockLane: text.lockLane(lane),
    lockChanges: text.lockChanges('orders'),
    openRun: text.openRun(lane),
    held: text.held('orders'),
    insert: text.insert([event]),
    mergeChain: text.mergeChain('orders', 'a', 'b'),
    mergeTable: text.mergeTable('orders', 'a', 'SHOP.ORDERS'),
    drop: text.drop('orders', 'SHOP.ORDERS'),
    due: text.due('orders', 1, 50),
    expired: text.expired('orders', 1, 50),
    isDue: text.isDue('orders', 2, 1),
    lastTruncation: text.lastTruncation('orders', 'a'),
    chain: text.chain('orders', 'a', place, { events: 9, bytes: 9 }),
    payloads: text.payloads('orders', 'a', place, place),
    remove: text.remove('orders', 'a', place),
    discard: text.discard('orders', place),
    mark: text.mark('orders', place, event),
    list: text.list('orders', where, 'lane, event, run', 100),
    payload: text.payload('orders', place),
    count: text.count('orders', where),
    deleteWhere: text.deleteWhere('orders', where),
    reactivate: text.reactivate('orders', where, 1),
    chains: text.chains('orders', where),
  };
  return [
    ['quarantine savepoint', SAVEPOINT],
    ['quarantine rollback to', ROLLBACK_TO],
    ['changes defer', DEFER],
    ['changes check', CHECK_NOW],
    ...Object.entries(all).map(([name, each]) => [`quarantine ${name}`, namedStatement(each).text] as const),
  ];
}

export function ledgerStatements(): readonly (readonly [string, string])[] {
  const batch = makeBatch({ end: { rows: 1, bytes: 4 } });
  return [
    ...installStatements(names).map((text, place) => [`ledger ${place}`, text] as const),
    ['ledger upgrade', upgradeStatement(names)],
    ...parkedStatements(names).map((text, place) => [`ledger parked ${place}`, text] as const),
    ...parkingStatements(),
    ['ledger there', thereStatement(names).text],
    ['ledger lock', renderLockLane(names, batch.header).text],
    ['ledger advance', renderAdvance(names, batch).text],
    ...ofRuns(),
  ];
}
