import { describeLargeRows } from '../contract/describe-large-rows.ts';
import { describeReader } from '../contract/describe-reader.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

describeReader(sqliteHarness);
describeLargeRows(sqliteHarness);
