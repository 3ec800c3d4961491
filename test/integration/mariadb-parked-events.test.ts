import { describeParkedEvents } from '../contract/describe-parked-events.ts';
import { mariadbChangesFixture } from '../support/mariadb-changes.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'on a real server', () => describeParkedEvents(mariadbChangesFixture));
