import { describeLedger } from '../contract/describe-ledger.ts';
import { postgresqlHarness } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => describeLedger(postgresqlHarness));
