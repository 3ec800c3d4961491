import { describeWriter } from '../contract/describe-writer.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

describeWriter(sqliteHarness);
