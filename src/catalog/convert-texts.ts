import type { Finding } from './check-value.ts';
import { pointerKeys } from './parse-document.ts';

function converted(text: string, wanted: NonNullable<Finding['wanted']>): unknown {
  if (wanted === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  const number = /^-?[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  return Number.isNaN(number) || (wanted === 'integer' && !Number.isSafeInteger(number)) ? text : number;
}

function replaceAt(value: unknown, keys: readonly string[], replace: (old: unknown) => unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return replace(value);
  if (Array.isArray(value))
    return value.map((item, index) => (String(index) === key ? replaceAt(item, rest, replace) : item));
  const record = value as Readonly<Record<string, unknown>>;
  return { ...record, [key]: replaceAt(record[key], rest, replace) };
}

/**
 * A value whose texts are read as numbers and booleans at the places where the findings say that one was wanted and
 * `mayConvert` agrees: variables always give texts.
 */
export function convertTexts(
  value: unknown,
  findings: readonly Finding[],
  mayConvert: (pointer: string) => boolean,
): unknown {
  let result = value;
  for (const { pointer, wanted } of findings) {
    if (!wanted || !mayConvert(pointer)) continue;
    result = replaceAt(result, pointerKeys(pointer), (old) =>
      typeof old === 'string' ? converted(old, wanted) : old,
    );
  }
  return result;
}
