import { describeSelection } from '../contract/describe-selection.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

describeSelection(sqliteHarness);
