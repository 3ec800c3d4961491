import { expect, test } from 'vitest';
import { fitText } from '../../src/engine/driver/fit-text.ts';

const hundreds = { kind: 'decimal', digits: 5, scale: -2, nan: false, infinity: false } as const;
const cents = { ...hundreds, digits: 2, scale: 2 };

test.each([
  ['0', '0'],
  ['-0', '0'],
  ['49', '0'],
  ['50', '100'],
  ['149.999', '100'],
  ['-150', '-200'],
  ['12300', '12300'],
  ['99949.9', '99900'],
  ['99950', '99900'],
  ['1234500', '99900'],
  ['-1234500', '-99900'],
  ['Infinity', '99900'],
])('in hundreds %s is nearest to %s', (text, nearest) => {
  expect(fitText(text, hundreds, 'clamp').text).toBe(nearest);
  const isAltered = nearest !== text && text !== '-0';
  expect(fitText(text, hundreds, 'null')).toEqual({ text: isAltered ? null : nearest, altered: isAltered });
});

test.each([
  ['1.5', '1.50'],
  ['0.005', '0.01'],
  ['-0.004', '0.00'],
  ['99.995', '99.99'],
  ['7', '7.00'],
])('in cents %s is nearest to %s', (text, nearest) => {
  expect(fitText(text, cents, 'clamp').text).toBe(nearest);
});
