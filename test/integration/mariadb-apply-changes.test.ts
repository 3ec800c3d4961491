import { describeApplyChanges } from '../contract/describe-apply-changes.ts';
import { describeProducts } from '../support/describe-products.ts';
import { mysqlHarness } from '../support/mariadb-harness.ts';

describeProducts('on a real server', (product) => describeApplyChanges(mysqlHarness(product)));
