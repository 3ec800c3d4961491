import { describeInitialLoad } from '../contract/describe-initial-load.ts';
import { describeLoadsAtRandom } from '../contract/describe-loads-at-random.ts';
import { mariadbLoads } from '../support/load-fixtures.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'initial load on a real server', () => {
  describeInitialLoad(mariadbLoads);
  describeLoadsAtRandom(mariadbLoads);
});
