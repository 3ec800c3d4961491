import { describeParkedEvents } from '../contract/describe-parked-events.ts';
import { postgresqlChanges } from '../support/postgresql-changes.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => describeParkedEvents(postgresqlChanges));
