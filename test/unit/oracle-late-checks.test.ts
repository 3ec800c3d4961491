import { describe, expect, test } from 'vitest';
import type { Pool } from '../../src/databases/oracle/connections/pool.ts';
import { CHECK_NOW, DEFER } from '../../src/databases/oracle/ledger/late-checks.ts';
import { ledgerNames, renderAdvance, renderLockLane } from '../../src/databases/oracle/ledger/ledger-sql.ts';
import { ROLLBACK_TO, SAVEPOINT } from '../../src/databases/oracle/ledger/quarantine.ts';
import { createWriter } from '../../src/databases/oracle/writer.ts';
import { never } from '../contract/test-tables.ts';
import { makeBatch } from '../support/make-batch.ts';
import { type Answer, oraError, standInSession } from '../support/oracle/stand-in-driver.ts';

const NAMES = ledgerNames('SHOP', { schema: 'ignored', prefix: 'sluice_' });

const begin = async (answer: Answer = () => []) => {
  const { session, sent } = standInSession(answer);
  const pool = { take: async () => session, give: () => {}, discard: () => {} } as unknown as Pool;
  return { transaction: await createWriter(pool, NAMES).begin(never()), sent };
};

describe('constraints that can wait for the commit', () => {
  test('do in a transaction of changes, behind the lock of its lane', async () => {
    const { transaction, sent } = await begin();
    const batch = makeBatch();
    const changes = { ...batch, header: { ...batch.header, operation: 'changes' as const } };
    await transaction.advance(changes);
    expect(sent).toEqual([
      renderLockLane(NAMES, changes.header).text,
      DEFER,
      renderAdvance(NAMES, changes).text,
    ]);
  });

  test('do not where rows are copied', async () => {
    const { transaction, sent } = await begin();
    await transaction.advance(makeBatch());
    expect(sent).not.toContain(DEFER);
  });

  test('are checked where that is asked for, and wait again', async () => {
    const { transaction, sent } = await begin();
    await transaction.parking?.check?.();
    expect(sent).toEqual([CHECK_NOW, DEFER]);
  });

  test('that refuse an attempt are told then, and wait behind it', async () => {
    const { transaction, sent } = await begin((text) => (text === CHECK_NOW ? oraError(2291) : []));
    const parking = transaction.parking!;
    await expect(parking.attempt(async () => parking.check?.())).rejects.toMatchObject({
      code: 'target.constraint_violated',
    });
    expect(sent).toEqual([SAVEPOINT, CHECK_NOW, ROLLBACK_TO, DEFER]);
  });

  test('refuse the commit as what they are', async () => {
    const { transaction } = await begin((text) => (text.startsWith('COMMIT') ? oraError(2091) : []));
    await expect(transaction.commit()).rejects.toMatchObject({
      code: 'target.constraint_violated',
      details: { vendorCode: 'ORA-02091' },
    });
  });
});
