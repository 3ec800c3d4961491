import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../../scripts/servers/process/run-program.mjs';
import { chunkOfEveryType, EVERY_RECORDED_TYPE, triggerOf, units } from '../support/oracle/captured.ts';
import { describeWith, servers } from '../support/servers.ts';

const CHECK = join(import.meta.dirname, '../support/oracle/PlsqlCheck.java');

/** What PMD does not know, and Oracle's manual does: texts of documents. */
const asKnown = (text: string): string =>
  text
    .replaceAll(/XMLSERIALIZE\(CONTENT (\S+) AS CLOB\)/g, '$1')
    .replaceAll(/JSON_SERIALIZE\((\S+) RETURNING CLOB\)/g, '$1');

const GOOD = [
  ...units(),
  ['of every type', triggerOf(EVERY_RECORDED_TYPE, ['C0', 'C6'])],
  ['chunk of every type', chunkOfEveryType()],
] as const;
const [, TRIGGER = ''] = units()[0] ?? [];
const broken = (from: string | RegExp, to: string): string => {
  const text = TRIGGER.replace(from, to);
  if (text === TRIGGER) throw new Error('nothing is broken');
  return text;
};
const BAD: readonly (readonly [title: string, text: string])[] = [
  ['END IF that is missing', broken(/END IF;\s+END;/, 'END;')],
  ['a bracket that is not closed', broken('NOT (', 'NOT ((')],
  ['ELSIF that is misspelled', broken('ELSIF', 'ELSEIF')],
  ['a semicolon that is missing', broken('GAINS.DELETE;', 'GAINS.DELETE')],
  ['two operators', broken('>= 1000', '>= >= 1000')],
  ['a text that ends early', TRIGGER.slice(0, TRIGGER.length / 2)],
  ['a quotation mark that is not closed', broken("ADD_LOST(EVENTS, 'I')", "ADD_LOST(EVENTS, 'I)")],
  ['a timing point that is none', broken('BEFORE STATEMENT IS', 'BEFORE SENTENCE IS')],
  ['a loop of a chunk that is not closed', chunkOfEveryType().replace('  END LOOP;\n', '')],
  ['a lock that is none', chunkOfEveryType().replace('FOR UPDATE NOWAIT', 'FOR UPDATE NO WAIT')],
  [
    'a condition that leaves its brackets',
    triggerOf([{ name: 'ID', type: 'NUMBER(9)' }], ['ID'], { where: '1=1); DELETE FROM X; IF (1=1' }),
  ],
];

describeWith(['plsql'], 'PMD', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-plsql-'));
  let said: readonly string[] = [];

  beforeAll(async () => {
    const files = [...GOOD, ...BAD].map(([, text], at) => {
      const file = join(folder, `${at}.sql`);
      writeFileSync(file, `${asKnown(text)}\n/\n`);
      return file;
    });
    const classes = join(servers().plsqlLibs, '*');
    said = (await runProgram('java', ['-cp', classes, CHECK, ...files])).trimEnd().split('\n');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(GOOD.map(([title], at) => [title, at] as const))('takes the %s', (_, at) => {
    expect(said[at]).toBe('OK');
  });
  test.each(BAD.map(([title], at) => [title, at] as const))('refuses %s', (_, at) => {
    expect(said[GOOD.length + at]).toMatch(/^ERROR /);
  });
  test('says something of each text', () => expect(said).toHaveLength(GOOD.length + BAD.length));
});

describe('the texts that are to be refused', () => {
  test('are others than the good ones', () => {
    const good = new Set(GOOD.map(([, text]) => text));
    expect(BAD.filter(([, text]) => good.has(text))).toEqual([]);
  });
});
