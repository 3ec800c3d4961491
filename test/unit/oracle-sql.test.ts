import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parkingStatements } from '../support/oracle/parking-statements.ts';
import { statements } from '../support/oracle/statements.ts';

const ended = [...statements(), ...(await parkingStatements())].map(
  ([title, text]) => [title, text.endsWith(';') ? text : `${text};`] as const,
);

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

const room = join(import.meta.dirname, '../../src/databases/oracle');
const sources = (readdirSync(room, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts'));

/** What begins a statement that is written where it is sent, and so in no golden file. */
const WRITTEN_IN_PLACE = /\.(?:query|cell|call|texts|many)\(\s*(?:\/\/[^\n]*\s*)*[`'"]([^`'"]*)/g;
/** They say all by themselves. */
const PLAIN = new Set(['ROLLBACK', 'SELECT 1 FROM DUAL']);

test.each(sources)('%s sends no statement that stands in no golden file', (file) => {
  const text = readFileSync(join(room, file), 'utf8');
  const found = [...text.matchAll(WRITTEN_IN_PLACE)].map(([, statement]) => statement ?? '');
  expect(found.filter((statement) => !PLAIN.has(statement))).toEqual([]);
});
