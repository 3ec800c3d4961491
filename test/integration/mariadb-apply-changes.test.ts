import { describeApplyChanges } from '../contract/describe-apply-changes.ts';
import { mariadbHarness } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'on a real server', () => describeApplyChanges(mariadbHarness));
