#!/usr/bin/env node
/**
 * Builds dist/: the compiled sources, and all workflows in one bundle, so that a worker starts without a bundler.
 * It is built beside and then brought over file by file where something changed: what runs from dist is not disturbed.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { announce } from './servers/announce.mjs';
import { withLock } from './servers/process/lock.mjs';
import { runProgram } from './servers/process/run-program.mjs';

const root = dirname(import.meta.dirname);
/** Beside dist and always the same: paths in source maps and in the bundle must not change from build to build. */
const built = join(root, '.sluice', 'build');
const dist = join(root, 'dist');

async function compile() {
  await rm(built, { recursive: true, force: true });
  const config = join(root, 'tsconfig.build.json');
  await runProgram(join(root, 'node_modules/.bin/tsc'), ['-p', config, '--outDir', built], { cwd: root });
}

async function bundleWorkflows() {
  const entry = join(built, 'workflows', 'index.js');
  if (!existsSync(entry)) {
    announce('build: no workflow bundle, for src/workflows/index.ts does not exist yet');
    return;
  }
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({ workflowsPath: entry, logger: new DefaultLogger('ERROR') });
  await writeFile(join(built, 'workflow-bundle.js'), code);
}

/** @param {string} folder @returns {Promise<string[]>} */
async function filesIn(folder) {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

/** @param {string} name */
async function isSame(name) {
  if (!existsSync(join(dist, name))) return false;
  const [before, now] = await Promise.all([readFile(join(dist, name)), readFile(join(built, name))]);
  return before.equals(now);
}

async function bringOver() {
  const names = await filesIn(built);
  for (const name of names) {
    if (await isSame(name)) continue;
    const target = join(dist, name);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(built, name), `${target}.new`);
    await rename(`${target}.new`, target);
  }
  const current = new Set(names);
  for (const name of await filesIn(dist)) if (!current.has(name)) await rm(join(dist, name));
}

try {
  await withLock(join(root, '.sluice', 'build.lock'), 'building dist', async () => {
    await compile();
    await bundleWorkflows();
    await bringOver();
  });
} catch (error) {
  announce(`build: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
