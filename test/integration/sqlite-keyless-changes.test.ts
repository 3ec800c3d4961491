import { describeKeylessBegin } from '../contract/describe-keyless-begin.ts';
import { describeKeylessChanges } from '../contract/describe-keyless-changes.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

describeKeylessChanges(sqliteHarness);
describeKeylessBegin(sqliteHarness, {
  oneOf: (n) => `rowid = (SELECT rowid FROM log WHERE n = ${n} LIMIT 1)`,
  linger: 'SELECT 1',
  begin: 'BEGIN IMMEDIATE',
  writers: 0,
  isEachOthers: () => false,
});
