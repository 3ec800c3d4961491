import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import { HISTORIES, workflowBundle } from '../support/workflow-world.ts';

const histories = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));

/**
 * The histories are those of the other tests of this folder, recorded with SLUICE_RECORD_HISTORIES=1. A change of the
 * workflow that fails here would stop transfers that run: it needs `patched()`. Before a release they are recorded anew.
 */
describe('recorded histories', () => {
  test('there is one for every situation', () => {
    expect(histories.length).toBeGreaterThanOrEqual(9);
  });

  test.each(histories)('%s replays (invariant 9)', async (name) => {
    const history: unknown = JSON.parse(readFileSync(join(HISTORIES, name), 'utf8'));
    const workflowCode = await workflowBundle();
    await Worker.runReplayHistory({ workflowBundle: workflowCode, replayName: name }, history);
  });
});
