import { describeInitialLoad } from '../contract/describe-initial-load.ts';
import { describeLoadsAtRandom } from '../contract/describe-loads-at-random.ts';
import { postgresqlLoads } from '../support/load-fixtures.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'initial load on a real server', () => {
  describeInitialLoad(postgresqlLoads);
  describeLoadsAtRandom(postgresqlLoads);
});
