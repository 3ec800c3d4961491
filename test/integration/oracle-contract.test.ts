import { describe } from 'vitest';
import { describeLedger } from '../contract/describe-ledger.ts';
import { describeReader } from '../contract/describe-reader.ts';
import { describeTypes } from '../contract/describe-types.ts';
import { describeWriter } from '../contract/describe-writer.ts';
import { oracleHarness } from '../support/oracle/harness.ts';

const url = process.env['SLUICE_TEST_ORACLE_URL'];

/** There is no Oracle to be had in every place: docs/how-to/run-oracle-and-mysql.md says how to run these. */
describe.runIf(url)(`on the Oracle of SLUICE_TEST_ORACLE_URL${url ? '' : ' (not set)'}`, () => {
  describeReader(oracleHarness);
  describeWriter(oracleHarness);
  describeLedger(oracleHarness);
  describeTypes(oracleHarness);
});
