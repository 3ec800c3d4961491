import { describeParking } from '../contract/describe-parking.ts';
import { describeParkingOnce } from '../contract/describe-parking-once.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

describeParking(sqliteHarness);
describeParkingOnce(sqliteHarness);
