import { expect, test } from 'vitest';
import { checkNode } from '../../src/cli/doctor/check-node.ts';

test.each([
  ['18.20.0', 'bad'],
  ['20.18.3', 'bad'],
  ['20.19.0', 'good'],
  ['22.1.0', 'good'],
  ['24.18.1', 'good'],
  ['24.19.0', 'warning'],
] as const)('Node %s: %s', (version, state) => {
  expect(checkNode(version).state).toBe(state);
});
