import { describeWriter } from '../contract/describe-writer.ts';
import { postgresqlHarness } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => describeWriter(postgresqlHarness));
