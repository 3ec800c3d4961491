import { describeParkedEvents } from '../contract/describe-parked-events.ts';
import { sqliteChanges } from '../support/sqlite-changes.ts';

describeParkedEvents(sqliteChanges());
