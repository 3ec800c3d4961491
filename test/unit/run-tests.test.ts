import { describe, expect, test } from 'vitest';
import { countTests, summarise } from '../../scripts/run-tests.mjs';

const file = (status: string, ...tests: readonly string[]) => ({
  status,
  assertionResults: tests.map((outcome) => ({ status: outcome })),
});

const report = {
  numPassedTests: 3,
  numFailedTests: 1,
  numPendingTests: 2,
  numTodoTests: 1,
  testResults: [file('passed', 'passed', 'passed', 'skipped'), file('failed', 'passed', 'failed')],
};

describe('a run of tests is counted', () => {
  test('from the report', () => {
    expect(countTests(report)).toEqual({ passed: 3, failed: 1, skipped: 3 });
  });

  test('a file that did not load counts as one failure', () => {
    const broken = {
      ...report,
      testResults: [...report.testResults, file('failed'), file('failed', 'passed')],
    };
    expect(countTests(broken).failed).toBe(3);
  });
});

describe('the last line of a run', () => {
  const well = { passed: 3, failed: 0, skipped: 0 };

  test.each([
    { when: 'all is well', counts: well, line: '3 passed, 0 failed', ok: true },
    {
      when: 'some are skipped',
      counts: { ...well, skipped: 2 },
      line: '3 passed, 0 failed, 2 skipped',
      ok: true,
    },
    { when: 'one fails', counts: { ...well, failed: 1 }, exitCode: 1, line: '3 passed, 1 failed', ok: false },
    { when: 'no test ran', counts: { ...well, passed: 0 }, line: '0 passed, 1 failed', ok: false },
    {
      when: 'vitest fails outside of a test',
      counts: well,
      exitCode: 1,
      line: '3 passed, 1 failed',
      ok: false,
    },
    { when: 'a check failed before', counts: well, failedBefore: 1, line: '3 passed, 1 failed', ok: false },
  ])('when $when', ({ counts, exitCode = 0, failedBefore = 0, line, ok }) => {
    expect(summarise(counts, exitCode, failedBefore)).toEqual({ line, ok });
  });
});
