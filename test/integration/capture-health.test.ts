import { describe } from 'vitest';
import { describeCaptureInspector } from '../contract/describe-capture-inspector.ts';
import { describeKeptCounts } from '../contract/describe-kept-counts.ts';
import { describeProducts } from '../support/describe-products.ts';
import { mysqlLoads, postgresqlLoads, sqliteLoads } from '../support/load-fixtures.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'in PostgreSQL', () => {
  describeCaptureInspector(postgresqlLoads);
  describeKeptCounts(postgresqlLoads, ({ schema }, name) => `${schema}.${name}`);
});

describeProducts('in a database', (product) => {
  describeCaptureInspector(mysqlLoads(product));
  describeKeptCounts(mysqlLoads(product), ({ prefix }, name) => prefix + name);
});

describe('in SQLite', () => {
  describeCaptureInspector(sqliteLoads);
  describeKeptCounts(sqliteLoads, ({ prefix }, name) => prefix + name);
});
