import { describeLedger } from '../contract/describe-ledger.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

describeLedger(sqliteHarness);
