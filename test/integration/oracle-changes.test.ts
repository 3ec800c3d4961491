import { describe } from 'vitest';
import { describeChanges } from '../contract/describe-changes.ts';
import { oracleChangesFixtures } from '../support/oracle/changes.ts';

const url = process.env['SLUICE_TEST_ORACLE_URL'];

/** There is no Oracle to be had in every place: docs/how-to/run-oracle-and-mysql.md says how to run these. */
describe.runIf(url)(`on the Oracle of SLUICE_TEST_ORACLE_URL${url ? '' : ' (not set)'}`, () => {
  for (const [form, fixture] of Object.entries(oracleChangesFixtures))
    describe(`events in ${form}`, () => describeChanges(fixture));
});
