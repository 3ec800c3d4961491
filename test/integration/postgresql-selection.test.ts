import { describeSelection } from '../contract/describe-selection.ts';
import { postgresqlHarness } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => describeSelection(postgresqlHarness));
