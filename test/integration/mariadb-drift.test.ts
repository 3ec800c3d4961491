import { describeDrift } from '../contract/describe-drift.ts';
import { mariadbHarness } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'on a real server', () => describeDrift(mariadbHarness));
