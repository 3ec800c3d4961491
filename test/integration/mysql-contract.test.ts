import { describe } from 'vitest';
import { describeLedger } from '../contract/describe-ledger.ts';
import { describeReader } from '../contract/describe-reader.ts';
import { describeSelection } from '../contract/describe-selection.ts';
import { describeTypes } from '../contract/describe-types.ts';
import { describeWriter } from '../contract/describe-writer.ts';
import { mysqlHarness } from '../support/mariadb-harness.ts';

/** There is no MySQL to be had in every place: these run against the server that SLUICE_TEST_MYSQL_URL names. */
describe.runIf(process.env['SLUICE_TEST_MYSQL_URL'])('on the MySQL of SLUICE_TEST_MYSQL_URL', () => {
  const harness = mysqlHarness('mysql');
  describeReader(harness);
  describeSelection(harness);
  describeWriter(harness);
  describeLedger(harness);
  describeTypes(harness);
});
