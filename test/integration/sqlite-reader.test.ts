import { describeReader } from '../contract/describe-reader.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

describeReader(sqliteHarness);
