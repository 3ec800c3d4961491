import {
  installStatements,
  type LedgerNames,
  ledgerNames,
  renderAdvance,
  renderLockLane,
  thereStatement,
  upgradeStatement,
} from '../../../src/databases/oracle/ledger/ledger-sql.ts';
import * as sql from '../../../src/databases/oracle/ledger/run-sql.ts';
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

export function ledgerStatements(): readonly (readonly [string, string])[] {
  const batch = makeBatch({ end: { rows: 1, bytes: 4 } });
  return [
    ...installStatements(names).map((text, place) => [`ledger ${place}`, text] as const),
    ['ledger upgrade', upgradeStatement(names)],
    ['ledger there', thereStatement(names).text],
    ['ledger lock', renderLockLane(names, batch.header).text],
    ['ledger advance', renderAdvance(names, batch).text],
    ...ofRuns(),
  ];
}
