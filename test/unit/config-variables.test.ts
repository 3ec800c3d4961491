import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { substitute } from '../../src/catalog/variables.ts';

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
const noBrace = fc.string().filter((text) => !text.includes('}') && !text.includes('${'));

describe('substitute', () => {
  test('leaves texts without a variable as they are', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('${')),
        (text) => {
          expect(substitute(text, {})).toEqual({ text, changed: false, missing: [] });
        },
      ),
    );
  });

  test('puts the value in unchanged, whatever it contains', () => {
    fc.assert(
      fc.property(name, fc.string({ minLength: 1 }), noBrace, (variable, value, around) => {
        for (const form of [`\${${variable}}`, `\${${variable}:-x}`, `\${${variable}:?x}`]) {
          const result = substitute(`<${form}>`, { [variable]: value });
          expect(result).toEqual({ text: `<${value}>`, changed: true, missing: [] });
        }
        expect(substitute(`\${${variable}:-${around}}`, {}).text).toBe(around);
      }),
    );
  });

  test('an escaped variable stays text and needs no value', () => {
    fc.assert(
      fc.property(name, (variable) => {
        expect(substitute(`$\${${variable}}`, {})).toEqual({
          text: `\${${variable}}`,
          changed: false,
          missing: [],
        });
      }),
    );
  });

  test('names what is not set, with the message of :?', () => {
    const result = substitute('${A} ${B:?set B} ${C:-c}', {});
    expect(result.missing).toEqual([
      { name: 'A', message: null },
      { name: 'B', message: 'set B' },
    ]);
  });

  test('an empty variable counts as unset for :- and :?, and as empty without them', () => {
    expect(substitute('[${A}][${A:-d}]', { A: '' }).text).toBe('[][d]');
    expect(substitute('${A:?m}', { A: '' }).missing).toEqual([{ name: 'A', message: 'm' }]);
  });

  test.each(['${', '${1A}', '${A:-${B}}', '${A-x}'])('%s is a mistake, not a text', (text) => {
    expect(substitute(text, { A: '', B: 'b' }).missing).toContainEqual({ name: null, message: null });
  });

  test('inherited properties of an object are no variables', () => {
    expect(substitute('${constructor}', {}).missing).toHaveLength(1);
  });
});
