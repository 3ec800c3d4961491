import { describeTypes } from '../contract/describe-types.ts';
import { postgresqlHarness } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => describeTypes(postgresqlHarness));
