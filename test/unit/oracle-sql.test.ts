import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { statements } from '../support/oracle/statements.ts';

const ended = statements().map(([title, text]) => [title, text.endsWith(';') ? text : `${text};`] as const);

test('every statement that is sent to Oracle is written as it was', async () => {
  const written = `${ended.map(([title, text]) => `-- ${title}\n${text}`).join('\n\n')}\n`;
  await expect(written).toMatchFileSnapshot('golden/oracle-statements.sql');
});

/** Parsing takes minutes: scripts/oracle-grammar.mjs does it, and notes what passed. */
test('every statement that is sent to Oracle was found to be one by its grammar', () => {
  const file = join(import.meta.dirname, 'golden/oracle-statements.checked');
  const passed = new Set(readFileSync(file, 'utf8').split('\n'));
  const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
  const unchecked = ended.filter(([, text]) => !passed.has(hashOf(text))).map(([title]) => title);
  expect(unchecked, 'run node scripts/oracle-grammar.mjs').toEqual([]);
});
