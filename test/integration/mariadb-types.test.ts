import { describeTypes } from '../contract/describe-types.ts';
import { mariadbHarness } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'on a real server', () => describeTypes(mariadbHarness));
