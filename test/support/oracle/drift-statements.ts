import { driftDialect } from '../../../src/databases/oracle/ledger/drift.ts';
import { driftStatement, ledgerNames } from '../../../src/databases/oracle/ledger/ledger-sql.ts';
import { namedStatement } from '../../../src/databases/oracle/ledger/quarantine.ts';
import { driftSql } from '../../../src/engine/changes/drift/drift-sql.ts';

const names = ledgerNames('SHOP', { schema: 'ignored', prefix: 'sluice_' });

/** Of what a target's rows are found to be. */
export function driftStatements(): readonly (readonly [string, string])[] {
  const dialect = driftDialect(names);
  const text = driftSql(dialect);
  const found = { table: 'SHOP.ORDERS', update: 1, insert: 0, delete: 2 };
  const copy = { table: 'SHOP.ORDERS', run: 7, generation: 1, upto: '41' };
  const all = {
    there: dialect.there,
    copied: text.copied('orders', 7),
    noted: text.noted('orders'),
    counts: text.counts('orders'),
    note: text.note('orders', copy),
    insertNote: text.insertNote('orders', copy),
    add: text.add('orders', found),
    insertCounts: text.insertCounts('orders', found),
    lockChanges: text.lockChanges('orders'),
  };
  return [
    ['ledger drift', driftStatement(names)],
    ...Object.entries(all).map(([name, each]) => [`drift ${name}`, namedStatement(each).text] as const),
  ];
}
