#!/usr/bin/env node
/**
 * Runs all vitest projects and writes the line `N passed, N failed` into the file named by --summary.
 * Arguments after `--` go to vitest.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * What the report says. A file that fails without a failed test (it did not load, a hook failed) counts as one.
 *
 * @param {any} report of vitest's JSON reporter
 * @returns {Counts}
 */
export function countTests(report) {
  /** @type {{ status: string, assertionResults: { status: string }[] }[]} */
  const files = report.testResults;
  const broken = files.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every((assertion) => assertion.status !== 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * The line and the verdict. A run in which no test passed has failed, and so has one that vitest calls failed,
 * whatever it counted (an error outside of any test).
 *
 * @param {Counts} counts
 * @param {number} exitCode vitest's
 * @param {number} failedBefore checks that failed before the tests
 */
export function summarise({ passed, failed, skipped }, exitCode, failedBefore) {
  const unexplained = failed === 0 && (exitCode !== 0 || passed === 0) ? 1 : 0;
  const all = failed + unexplained + failedBefore;
  const line = `${passed} passed, ${all} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return { line, ok: all === 0 };
}

/** @param {readonly string[]} args @param {string} reportFile @returns {Promise<number>} */
function runVitest(args, reportFile) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['default', 'json', join(root, 'scripts/progress-reporter.mjs')];
  const flags = [...reporters.map((reporter) => `--reporter=${reporter}`), `--outputFile.json=${reportFile}`];
  const child = spawn(process.execPath, [vitest, 'run', ...flags, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}

/** @param {readonly string[]} args */
async function main(args) {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const valueOf = (/** @type {string} */ flag) => args.slice(0, end)[args.indexOf(flag) + 1] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'sluice-report-'));
  const reportFile = join(folder, 'report.json');
  const exitCode = await runVitest(args.slice(end + 1), reportFile);
  /** @type {Counts} */
  let counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    counts = countTests(JSON.parse(readFileSync(reportFile, 'utf8')));
  } catch {
    process.stderr.write('test: vitest left no report\n');
  }
  rmSync(folder, { recursive: true, force: true });
  const failedBefore = Number(args.includes('--failed-before') ? valueOf('--failed-before') : 0);
  const { line, ok } = summarise(counts, exitCode, failedBefore);
  writeFileSync(valueOf('--summary'), `${line}\n`);
  process.exitCode = ok ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
