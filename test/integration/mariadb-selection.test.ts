import { describeSelection } from '../contract/describe-selection.ts';
import { mariadbHarness } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'on a real server', () => describeSelection(mariadbHarness));
