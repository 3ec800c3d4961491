import { describeLedger } from '../contract/describe-ledger.ts';
import { mariadbHarness } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'on a real server', () => describeLedger(mariadbHarness));
