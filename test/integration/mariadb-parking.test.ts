import { describeParking } from '../contract/describe-parking.ts';
import { describeParkingOnce, describeParkingWithCascades } from '../contract/describe-parking-once.ts';
import { describeProducts } from '../support/describe-products.ts';
import { mysqlHarness } from '../support/mariadb-harness.ts';

describeProducts('on a real server', (product) => {
  describeParking(mysqlHarness(product));
  describeParkingOnce(mysqlHarness(product));
  describeParkingWithCascades(mysqlHarness(product));
});
