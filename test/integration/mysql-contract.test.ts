import { describeLedger } from '../contract/describe-ledger.ts';
import { describeReader } from '../contract/describe-reader.ts';
import { describeSelection } from '../contract/describe-selection.ts';
import { describeTypes } from '../contract/describe-types.ts';
import { describeWriter } from '../contract/describe-writer.ts';
import { mysqlHarness } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mysql'], 'MySQL', () => {
  const harness = mysqlHarness('mysql');
  describeReader(harness);
  describeSelection(harness);
  describeWriter(harness);
  describeLedger(harness);
  describeTypes(harness);
});
