import { describeApplyChanges } from '../contract/describe-apply-changes.ts';
import { postgresqlHarness } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => describeApplyChanges(postgresqlHarness));
