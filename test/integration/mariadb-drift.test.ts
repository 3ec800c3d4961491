import { describeDrift } from '../contract/describe-drift.ts';
import { describeProducts } from '../support/describe-products.ts';
import { mysqlHarness } from '../support/mariadb-harness.ts';

describeProducts('on a real server', (product) => describeDrift(mysqlHarness(product)));
