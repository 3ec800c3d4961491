import { describeChanges } from '../contract/describe-changes.ts';
import { sqliteChanges } from '../support/sqlite-changes.ts';

describeChanges(sqliteChanges());
