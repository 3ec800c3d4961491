import { describeKeylessBegin } from '../contract/describe-keyless-begin.ts';
import { describeKeylessChanges } from '../contract/describe-keyless-changes.ts';
import { postgresqlHarness } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => {
  describeKeylessChanges(postgresqlHarness);
  describeKeylessBegin(postgresqlHarness, {
    oneOf: (n) => `ctid = (SELECT ctid FROM log WHERE n = ${n} LIMIT 1)`,
    linger: 'SELECT pg_sleep(0.05)',
    begin: 'BEGIN',
    writers: 3,
    isEachOthers: (error) => error instanceof Error && 'code' in error && error.code === '40P01',
  });
});
