import { SluiceError } from '../model/sluice-error.ts';
import { pointerOf } from './parse-document.ts';
import { type Environment, type MissingVariable, substitute } from './variables.ts';

export interface Resolving {
  readonly environment: Environment;
  /** Where the scalar at a pointer stands. */
  readonly place: (pointer: string) => string;
}

export interface ResolvedTree {
  readonly value: unknown;
  /** Pointers of the scalars that had a variable. */
  readonly changed: ReadonlySet<string>;
  /** Pointers of the scalars whose variable is missing. */
  readonly missing: ReadonlySet<string>;
  readonly problems: readonly SluiceError[];
}

function problemOf(missing: MissingVariable, where: string): SluiceError {
  if (missing.name === null) {
    return new SluiceError('config.invalid', 'this "${" begins no variable', {
      where,
      suggestion: 'write ${NAME}, ${NAME:-default} or ${NAME:?message}, and $${ for a literal ${',
    });
  }
  return new SluiceError(
    'config.undefined_variable',
    missing.message ?? `the environment variable ${missing.name} is not set`,
    { where, suggestion: `export ${missing.name}=…, or write \${${missing.name}:-default}` },
  );
}

/** Replaces the variables in every text below a value. All that is missing is found, not only the first. */
export function resolveVariables(root: unknown, rootPointer: string, resolving: Resolving): ResolvedTree {
  const changed = new Set<string>();
  const missing = new Set<string>();
  const problems: SluiceError[] = [];
  const resolve = (value: unknown, pointer: string): unknown => {
    if (typeof value === 'string') {
      const result = substitute(value, resolving.environment);
      if (result.changed) changed.add(pointer);
      for (const variable of result.missing) problems.push(problemOf(variable, resolving.place(pointer)));
      if (result.missing.length > 0) missing.add(pointer);
      return result.text;
    }
    if (Array.isArray(value)) return value.map((item, index) => resolve(item, pointerOf(pointer, index)));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolve(item, pointerOf(pointer, key))]),
    );
  };
  return { value: resolve(root, rootPointer), changed, missing, problems };
}
