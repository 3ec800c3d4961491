import { delimiter } from 'node:path';

/** What scripts/bench gives the programs that it starts, and how they speak while they measure. */

export const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);

/** @throws Error where a program was not started by scripts/bench */
export function required(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set: start this with scripts/bench`);
  return value;
}

/** Programs of PostgreSQL come from the folder of the server, before others on PATH. */
export function preferPostgresPrograms(): void {
  const { SLUICE_TEST_POSTGRES_BIN: folder, PATH = '' } = process.env;
  if (folder) process.env['PATH'] = `${folder}${delimiter}${PATH}`;
}

/** @throws RangeError for what is no whole number from 1 */
export function wholeNumber(text: string | undefined, byDefault: number): number {
  const value = Number(text ?? byDefault);
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`"${text}" is no whole number from 1`);
  return value;
}

/** @throws RangeError for a name that is not among those that are known */
export function chosen<const T extends string>(text: string | undefined, known: readonly T[]): readonly T[] {
  if (text === undefined) return known;
  const names = text.split(',');
  const unknown = names.find((name) => !known.some((each) => each === name));
  if (unknown !== undefined) throw new RangeError(`"${unknown}" is none of ${known.join(', ')}`);
  return known.filter((each) => names.includes(each));
}
