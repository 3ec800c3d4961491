import { describeLargeRows } from '../contract/describe-large-rows.ts';
import { describeReader } from '../contract/describe-reader.ts';
import { postgresqlHarness } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => {
  describeReader(postgresqlHarness);
  describeLargeRows(postgresqlHarness);
});
