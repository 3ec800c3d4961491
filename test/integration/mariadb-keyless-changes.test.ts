import { describeKeylessBegin } from '../contract/describe-keyless-begin.ts';
import { describeKeylessChanges } from '../contract/describe-keyless-changes.ts';
import { mariadbHarness } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'on a real server', () => {
  describeKeylessChanges(mariadbHarness);
  describeKeylessBegin(mariadbHarness, {
    oneOf: (n) => `n = ${n} LIMIT 1`,
    linger: 'DO SLEEP(0.05)',
    begin: 'START TRANSACTION',
    writers: 3,
    // Deadlock, or a lock that is waited for too long.
    isEachOthers: (error) =>
      error instanceof Error && 'errno' in error && [1205, 1213].includes(Number(error.errno)),
  });
});
