import { describeKeylessBegin } from '../contract/describe-keyless-begin.ts';
import { describeKeylessChanges } from '../contract/describe-keyless-changes.ts';
import { describeProducts } from '../support/describe-products.ts';
import { mysqlHarness } from '../support/mariadb-harness.ts';

describeProducts('on a real server', (product) => {
  describeKeylessChanges(mysqlHarness(product));
  describeKeylessBegin(mysqlHarness(product), {
    oneOf: (n) => `n = ${n} LIMIT 1`,
    linger: 'DO SLEEP(0.05)',
    begin: 'START TRANSACTION',
    writers: 3,
    // Deadlock, or a lock that is waited for too long.
    isEachOthers: (error) =>
      error instanceof Error && 'errno' in error && [1205, 1213].includes(Number(error.errno)),
  });
});
