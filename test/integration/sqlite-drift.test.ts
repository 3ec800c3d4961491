import { describeDrift } from '../contract/describe-drift.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

describeDrift(sqliteHarness);
