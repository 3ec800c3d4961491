import { afterAll, beforeAll } from 'vitest';
import type { RunningMariadb } from '../../scripts/servers/start-mariadb.mjs';
import { describeChanges } from '../contract/describe-changes.ts';
import { describeWholeClaims } from '../contract/describe-whole-claims.ts';
import { describeProducts } from '../support/describe-products.ts';
import { mariadbChanges, mysqlChangesFixture } from '../support/mariadb-changes.ts';
import { describeWith, startOwnMariadb } from '../support/servers.ts';

describeProducts('on a real server', (product) => describeChanges(mysqlChangesFixture(product)));

describeWith(['mariadb'], 'on a server with a binary log', () => {
  let server: RunningMariadb;
  beforeAll(async () => {
    server = await startOwnMariadb({ settings: { 'log-bin': 'log' } });
  });
  afterAll(() => server.stop());
  describeWholeClaims({ concurrentWriters: true, place: () => mariadbChanges('mariadb', server.url) });
});
