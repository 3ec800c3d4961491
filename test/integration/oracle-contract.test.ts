import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeLedger } from '../contract/describe-ledger.ts';
import { describeReader } from '../contract/describe-reader.ts';
import { describeSelection } from '../contract/describe-selection.ts';
import { describeTypes } from '../contract/describe-types.ts';
import { describeWriter } from '../contract/describe-writer.ts';
import type { TestPlace } from '../contract/harness.ts';
import { never } from '../contract/test-tables.ts';
import { type Ends, makeStructures, planStructures } from '../support/copy-structure.ts';
import { oracleHarness } from '../support/oracle/harness.ts';

const url = process.env['SLUICE_TEST_ORACLE_URL'];

const SHOP: readonly string[] = [
  'CREATE SEQUENCE NUMBERS START WITH 10 INCREMENT BY 5',
  'CREATE TABLE PLACES (NAME VARCHAR2(40 CHAR) PRIMARY KEY, OPEN NUMBER(1) DEFAULT 1 NOT NULL)',
  `CREATE TABLE ORDERS (ID NUMBER(18) GENERATED ALWAYS AS IDENTITY PRIMARY KEY, STATE VARCHAR2(20 CHAR) DEFAULT 'new' NOT NULL,
   PLACE VARCHAR2(40 CHAR) CONSTRAINT ORDERS_PLACE REFERENCES PLACES ON DELETE SET NULL DEFERRABLE, TOTAL NUMBER(12,2) DEFAULT 0, NO NUMBER(9) DEFAULT NUMBERS.NEXTVAL, BOSS NUMBER(18),
   TWICE NUMBER GENERATED ALWAYS AS (TOTAL * 2) VIRTUAL, CONSTRAINT ORDERS_UK UNIQUE (STATE, TOTAL), CONSTRAINT ORDERS_TOTAL CHECK (TOTAL >= 0))`,
  'ALTER TABLE ORDERS ADD CONSTRAINT ORDERS_BOSS FOREIGN KEY (BOSS) REFERENCES ORDERS',
  'CREATE INDEX ORDERS_LOUD ON ORDERS (UPPER(STATE))',
  'CREATE INDEX ORDERS_DOWN ON ORDERS (TOTAL DESC, PLACE)',
  "COMMENT ON TABLE ORDERS IS 'what was bought'",
  "COMMENT ON COLUMN ORDERS.STATE IS 'new, or not'",
];

/** There is no Oracle to be had in every place: docs/how-to/run-oracle.md says how to run these. */
describe.runIf(url)(`on the Oracle of SLUICE_TEST_ORACLE_URL${url ? '' : ' (not set)'}`, () => {
  describeReader(oracleHarness);
  describeSelection(oracleHarness);
  describeWriter(oracleHarness);
  describeLedger(oracleHarness);
  describeTypes(oracleHarness);

  describe('structures between two Oracles', () => {
    let from: TestPlace;
    let to: TestPlace;
    let ends: Ends;

    beforeEach(async () => {
      [from, to] = await Promise.all([oracleHarness.place(), oracleHarness.place()]);
      for (const statement of SHOP) await from.execute(statement);
      ends = { source: await from.open(), target: await to.open() };
    });
    afterEach(() => Promise.all([from.drop(), to.drop()]));

    /** What a schema has, without its own name. */
    const outline = async (of: Ends['source']) => {
      const schema = of.defaultSchema ?? '';
      const tables = ['ORDERS', 'PLACES'].map((name) => ({ schema, name }));
      const found = await of.introspector.describeTables(tables, never());
      return found.map(({ columns, indexes, checks, foreignKeys, comment }) => ({
        columns: columns.map(({ name, type, nullable, default: given, generated, comment: said, sequence }) =>
          [name, type, nullable, sequence ? 'drawn' : given, generated, said].join(' '),
        ),
        indexes: indexes.map(({ name, unique, parts }) => `${name} ${unique} ${parts.length}`).sort(),
        checks: checks.map(({ name, definition }) => `${name} ${definition}`).sort(),
        foreignKeys: foreignKeys
          .map(({ name, onDelete, checked }) => `${name} ${onDelete} ${checked}`)
          .sort(),
        comment,
      }));
    };

    test('are the same, and made once', async () => {
      const first = await makeStructures(ends);
      expect(first.leftOut).toEqual([expect.stringContaining('GENERATED ALWAYS AS IDENTITY')]);
      expect(await outline(ends.target)).toEqual(await outline(ends.source));
      expect((await makeStructures(ends)).made).toBe(0);
    });

    test('foreign keys in the way of rows are dropped and made again', async () => {
      await makeStructures(ends);
      const before = await outline(ends.target);
      const again = await planStructures(ends, { execution: 'two', write: { mode: 'truncate' } });
      expect((await outline(ends.target)).flatMap(({ foreignKeys }) => foreignKeys)).toEqual([]);
      await again.finish();
      await again.link();
      expect(await outline(ends.target)).toEqual(before);
    });

    test('identity and sequence go on behind the highest number', async () => {
      const { plans } = await makeStructures(ends);
      await to.execute('INSERT INTO ORDERS (ID, TOTAL, NO) VALUES (41, 1, 1000)');
      const plan = plans.find(({ target }) => target.name === 'ORDERS')!;
      await ends.target.writer.finish(plan, never());
      await to.execute('INSERT INTO ORDERS (TOTAL) VALUES (2)');
      expect(await to.query('SELECT MAX(ID), MAX(NO) FROM ORDERS')).toEqual([['42', '1005']]);
    });
  });
});
