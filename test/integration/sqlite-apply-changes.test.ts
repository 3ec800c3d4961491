import { describeApplyChanges } from '../contract/describe-apply-changes.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

describeApplyChanges(sqliteHarness);
