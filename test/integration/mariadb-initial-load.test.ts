import { describeInitialLoad } from '../contract/describe-initial-load.ts';
import { describeLoadsAtRandom } from '../contract/describe-loads-at-random.ts';
import { describeProducts } from '../support/describe-products.ts';
import { mysqlLoads } from '../support/load-fixtures.ts';

describeProducts('initial load on a real server', (product) => {
  describeInitialLoad(mysqlLoads(product));
  describeLoadsAtRandom(mysqlLoads(product));
});
