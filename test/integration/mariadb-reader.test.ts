import { describeLargeRows } from '../contract/describe-large-rows.ts';
import { describeReader } from '../contract/describe-reader.ts';
import { mariadbHarness } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'on a real server', () => {
  describeReader(mariadbHarness);
  describeLargeRows(mariadbHarness);
});
