import { describeParkedEvents } from '../contract/describe-parked-events.ts';
import { describeProducts } from '../support/describe-products.ts';
import { mysqlChangesFixture } from '../support/mariadb-changes.ts';

describeProducts('on a real server', (product) => describeParkedEvents(mysqlChangesFixture(product)));
