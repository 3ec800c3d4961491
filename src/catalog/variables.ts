/** Where variables get their values: `process.env`, or a record in tests. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface MissingVariable {
  /** Null where a `${` begins no variable at all. */
  readonly name: string | null;
  /** What `${NAME:?message}` says; null without one. */
  readonly message: string | null;
}

export interface Substitution {
  readonly text: string;
  /** True when a variable stood in the text. */
  readonly changed: boolean;
  readonly missing: readonly MissingVariable[];
}

/** `$${` is a literal `${`; NAME with `:-` default or `:?` message up to the next `}`; any other `${` is a mistake. */
const VARIABLE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([-?])((?:(?!\$\{)[^}])*))?\}|\$\{/g;

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${NAME:?message}` in one text. A variable that is set to the empty text
 * counts as unset for `:-` and `:?`, as in a shell. A value is taken as it is: what stands in it is not replaced again.
 */
export function substitute(text: string, environment: Environment): Substitution {
  const missing: MissingVariable[] = [];
  let changed = false;
  const replaced = text.replaceAll(VARIABLE, (whole: string, ...groups: unknown[]): string => {
    if (whole === '$${') return '${';
    const [name, form, rest = ''] = groups as [string?, string?, string?];
    if (name === undefined) {
      missing.push({ name: null, message: null });
      return whole;
    }
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    changed = true;
    if (form === undefined && value !== undefined) return value;
    if (form !== undefined && value !== undefined && value !== '') return value;
    if (form === '-') return rest;
    missing.push({ name, message: form === '?' && rest !== '' ? rest : null });
    return '';
  });
  return { text: replaced, changed, missing };
}
