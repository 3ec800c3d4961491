import { describeParking } from '../contract/describe-parking.ts';
import { describeParkingOnce, describeParkingWithCascades } from '../contract/describe-parking-once.ts';
import { mariadbHarness } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'on a real server', () => {
  describeParking(mariadbHarness);
  describeParkingOnce(mariadbHarness);
  describeParkingWithCascades(mariadbHarness);
});
