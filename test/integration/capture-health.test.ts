import { describe } from 'vitest';
import { describeCaptureInspector } from '../contract/describe-capture-inspector.ts';
import { describeKeptCounts } from '../contract/describe-kept-counts.ts';
import { mariadbLoads, postgresqlLoads, sqliteLoads } from '../support/load-fixtures.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'in PostgreSQL', () => {
  describeCaptureInspector(postgresqlLoads);
  describeKeptCounts(postgresqlLoads, ({ schema }, name) => `${schema}.${name}`);
});

describeWith(['mariadb'], 'in MariaDB', () => {
  describeCaptureInspector(mariadbLoads);
  describeKeptCounts(mariadbLoads, ({ prefix }, name) => prefix + name);
});

describe('in SQLite', () => {
  describeCaptureInspector(sqliteLoads);
  describeKeptCounts(sqliteLoads, ({ prefix }, name) => prefix + name);
});
