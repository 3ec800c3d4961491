import { describeTypes } from '../contract/describe-types.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

describeTypes(sqliteHarness);
