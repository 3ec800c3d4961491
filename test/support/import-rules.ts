import { posix } from 'node:path';

/** How a module is reached: its values at load, its types only, or its values later (`await import`). */
export type ImportKind = 'value' | 'type' | 'lazy';

export interface Import {
  readonly kind: ImportKind;
  readonly specifier: string;
}

/** What a room may import; each entry of ours is a path below src, a folder or a file without its ending. */
export interface RoomRule {
  readonly values: readonly string[];
  readonly types?: readonly string[];
  readonly lazy?: readonly string[];
  /** Packages; `*` for any. */
  readonly packages: readonly string[];
  readonly builtins: boolean;
}

/** Rooms by their path below src; one that ends in `/*` holds rooms that are siblings and do not know each other. */
export type Rooms = Readonly<Record<string, RoomRule>>;

/** A module of src: its path below src, for example `databases/sqlite/reader.ts`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const STATEMENT =
  /^(?:import|export)\s+(?<type>type\s+)?(?:[\w*$][^'"`;=]*?\bfrom\s*|\{[^}]*\}\s*from\s*)?['"](?<from>[^'"]+)['"]/gmu;
const CALL =
  /^(?!\s*(?:\/\/|\*)).*?(?<typeof>typeof\s+)?\bimport\(\s*['"](?<from>[^'"]+)['"]\s*\)(?<member>\.[A-Z])?/gmu;

/** Every module that a source names: `import`, `export … from`, `import()` as a value and as a type. */
export function parseImports(text: string): readonly Import[] {
  const statements = [...text.matchAll(STATEMENT)].map(({ groups }): Import => {
    return { kind: groups?.['type'] ? 'type' : 'value', specifier: groups?.['from'] ?? '' };
  });
  const calls = [...text.matchAll(CALL)].map(({ groups }): Import => {
    const isType = groups?.['typeof'] !== undefined || groups?.['member'] !== undefined;
    return { kind: isType ? 'type' : 'lazy', specifier: groups?.['from'] ?? '' };
  });
  return [...statements, ...calls];
}

const isBelow = (path: string, folder: string) =>
  folder === '' || path === folder || path.startsWith(`${folder}/`);

/** The room of a file, and the folder that it may import freely: a sibling's own folder, else the room. */
export function roomOf(path: string, rooms: Rooms): { readonly room: string; readonly own: string } | null {
  const [first = '', second = '', third] = path.split('/');
  const siblings = `${first}/*`;
  if (third !== undefined && siblings in rooms) return { room: siblings, own: `${first}/${second}` };
  return first in rooms ? { room: first, own: first } : null;
}

const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

function mayImportOurs(rule: RoomRule, kind: ImportKind, target: string): boolean {
  const allowed = {
    value: rule.values,
    type: [...rule.values, ...(rule.types ?? []), ...(rule.lazy ?? [])],
    lazy: [...rule.values, ...(rule.lazy ?? [])],
  }[kind];
  return allowed.some((folder) => isBelow(target, folder));
}

function importViolation(file: SourceFile, { kind, specifier }: Import, rooms: Rooms): string | null {
  const place = roomOf(file.path, rooms);
  const rule = place ? rooms[place.room] : undefined;
  if (!place || !rule) return 'lies in no room of the table';
  if (specifier.startsWith('node:')) return rule.builtins ? null : `imports the builtin ${specifier}`;
  if (!specifier.startsWith('.')) {
    const name = packageOf(specifier);
    return rule.packages.includes('*') || rule.packages.includes(name) ? null : `imports the package ${name}`;
  }
  if (!specifier.endsWith('.ts')) return `imports ${specifier} without its ending .ts`;
  const target = posix.join(posix.dirname(file.path), specifier).replace(/\.ts$/u, '');
  const isOwn = isBelow(target, place.own) && roomOf(`${target}.ts`, rooms)?.room === place.room;
  return isOwn || mayImportOurs(rule, kind, target) ? null : `imports ${target} (${kind})`;
}

/** Every import that the table of rooms does not allow, one line each. */
export function importViolations(files: readonly SourceFile[], rooms: Rooms): readonly string[] {
  return files.flatMap((file) =>
    parseImports(file.text).flatMap((found) => {
      const violation = importViolation(file, found, rooms);
      return violation ? [`${file.path} ${violation}`] : [];
    }),
  );
}

export const MAX_LINES = 400;

/** Files of src that break the rules of form: length, names, default exports. */
export function formViolations(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n').length;
    return [
      lines > MAX_LINES ? `${path} has ${lines} lines, more than ${MAX_LINES}` : null,
      /^(?:[a-z\d]+(?:-[a-z\d]+)*\/)*[a-z\d]+(?:-[a-z\d]+)*\.ts$/u.test(path)
        ? null
        : `${path} is not kebab-case`,
      /^export\s+default\b|^export\s*\{[^}]*\bas\s+default\b/mu.test(text)
        ? `${path} has a default export`
        : null,
    ].filter((violation) => violation !== null);
  });
}
