import { describeChanges } from '../contract/describe-changes.ts';
import { mariadbChangesFixture } from '../support/mariadb-changes.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'on a real server', () => describeChanges(mariadbChangesFixture));
