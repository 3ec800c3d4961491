import { describeParking } from '../contract/describe-parking.ts';
import { describeParkingOnce } from '../contract/describe-parking-once.ts';
import { postgresqlHarness } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => {
  describeParking(postgresqlHarness);
  describeParkingOnce(postgresqlHarness);
});
