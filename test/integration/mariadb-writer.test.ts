import { describeWriter } from '../contract/describe-writer.ts';
import { mariadbHarness } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'on a real server', () => describeWriter(mariadbHarness));
