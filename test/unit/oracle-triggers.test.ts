import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { complaintsOf } from '../../scripts/oracle-grammar.mjs';
import { captureNames } from '../../src/databases/oracle/capture/capture-names.ts';
import { readerGrants } from '../../src/databases/oracle/capture/sql/install-sql.ts';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';
import { chunkOfEveryType, EVERY_RECORDED_TYPE, triggerOf, units } from '../support/oracle/captured.ts';

const golden = (name: string): string => join(import.meta.dirname, 'golden', name);

describe('PL/SQL', () => {
  test('is written as it was', async () => {
    const written = units().map(([title, text]) => `-- ${title}\n${text}`);
    await expect(`${written.join('\n/\n')}\n`).toMatchFileSnapshot('golden/oracle-plsql.sql');
  });

  test('of columns of every type is written as it was', async () => {
    const text = triggerOf(EVERY_RECORDED_TYPE, ['C0', 'C6']);
    await expect(`${text}\n`).toMatchFileSnapshot('golden/oracle-trigger-every-type.sql');
  });

  test('of a load of columns of every type is written as it was', async () => {
    await expect(`${chunkOfEveryType()}\n`).toMatchFileSnapshot('golden/oracle-load-every-type.sql');
  });

  /** Parsing takes minutes: scripts/oracle-grammar.mjs does it, and notes what passed. */
  test('was found to be some by its grammar', () => {
    const passed = new Set(readFileSync(golden('oracle-plsql.checked'), 'utf8').split('\n'));
    const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
    const unchecked = units().filter(([, text]) => !passed.has(hashOf(text)));
    expect(
      unchecked.map(([title]) => title),
      'run node scripts/oracle-grammar.mjs',
    ).toEqual([]);
  });
});

test('the rights of a user who only reads and frees events are on their page, word for word', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/how-to/rights.md'), 'utf8').toUpperCase();
  const own = captureNames('SLUICE', { schema: CAPTURE_DEFAULTS.schema, prefix: CAPTURE_DEFAULTS.prefix });
  const missing = readerGrants(own, 'READER').filter(
    (text) => !page.includes(`${text.replaceAll('"', '').toUpperCase()};`),
  );
  expect(missing).toEqual([]);
});

describe('the grammar', () => {
  const block = (line: string): string => `BEGIN ${line} END;`;

  test.each([
    ['an assignment', "A := 'x' || B;"],
    ['a condition', 'IF A = 1 THEN B := 2; END IF;'],
    ['a loop', 'FORALL I IN 1 .. 2 INSERT INTO T (A) VALUES (B(I));'],
  ])('takes %s', (_, line) => {
    expect(complaintsOf(block(line))).toEqual([]);
  });

  test.each([
    ['a quotation mark that is not closed', "A := 'x;"],
    ['END IF that is missing', 'IF A = 1 THEN B := 2;'],
    ['ELSEIF', 'IF A = 1 THEN B := 2; ELSEIF A = 2 THEN B := 3; END IF;'],
    ['two operators', 'IF A > > 1 THEN B := 2; END IF;'],
    ['a bracket that is not closed', "A := F('x';"],
    ['a statement behind FORALL that is none', 'FORALL I IN 1 .. 2 INSERT INTO INTO T VALUES (1);'],
    ['VALUES that is misspelled', 'INSERT INTO T (A) VALUEZ (1);'],
  ])('refuses %s', (_, line) => {
    expect(complaintsOf(block(line))).not.toEqual([]);
  });
});
