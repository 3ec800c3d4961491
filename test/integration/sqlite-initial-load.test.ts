import { describeInitialLoad } from '../contract/describe-initial-load.ts';
import { describeLoadsAtRandom } from '../contract/describe-loads-at-random.ts';
import { sqliteLoads } from '../support/load-fixtures.ts';

describeInitialLoad(sqliteLoads);
describeLoadsAtRandom(sqliteLoads);
