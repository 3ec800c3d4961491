import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument as parseYaml,
} from 'yaml';
import { SluiceError } from '../model/sluice-error.ts';

/** A parsed file: plain values, and where each of them stands. */
export interface ParsedDocument {
  readonly value: unknown;
  /** `sluice.yaml:4:3` of the key or the value at a JSON pointer; of the nearest one above it that has a place. */
  readonly place: (pointer: string, part?: 'key' | 'value') => string;
}

export const pointerOf = (parent: string, key: string | number): string =>
  `${parent}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;

export const pointerKeys = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));

interface Walk {
  readonly document: Document;
  readonly keys: Map<string, number>;
  readonly values: Map<string, number>;
  /** Nodes on the way down: an alias to one of them would never end. */
  readonly above: Set<unknown>;
  readonly fail: (offset: number, message: string) => never;
}

function plainMap(walk: Walk, node: Node, pointer: string): unknown {
  const result: Record<string, unknown> = {};
  if (!isMap(node)) return result;
  for (const pair of node.items) {
    const offset = (pair.key as Node | null)?.range?.[0] ?? node.range?.[0] ?? 0;
    if (!isScalar(pair.key)) walk.fail(offset, 'a key must be a plain word');
    const key = String(isScalar(pair.key) ? pair.key.value : '');
    const child = pointerOf(pointer, key);
    walk.keys.set(child, offset);
    // Defined, not assigned: a key __proto__ must be seen as an unknown key.
    Object.defineProperty(result, key, {
      value: plain(walk, pair.value as Node | null, child, offset),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}

function plain(walk: Walk, node: Node | null, pointer: string, parentOffset: number): unknown {
  const offset = node?.range?.[0] ?? parentOffset;
  if (!walk.values.has(pointer)) walk.values.set(pointer, offset);
  if (node === null) return null;
  if (isAlias(node)) {
    const aimed = node.resolve(walk.document);
    if (!aimed || walk.above.has(aimed))
      walk.fail(offset, `the alias *${node.source} leads nowhere or to itself`);
    return plain(walk, aimed ?? null, pointer, offset);
  }
  if (isScalar(node)) return typeof node.value === 'bigint' ? Number(node.value) : node.value;
  walk.above.add(node);
  const value = isSeq(node)
    ? node.items.map((item, index) => plain(walk, item as Node | null, pointerOf(pointer, index), offset))
    : plainMap(walk, node, pointer);
  walk.above.delete(node);
  return value;
}

/**
 * Reads YAML or JSON, which is YAML too, and keeps the position of every key and value.
 * @throws SluiceError config.invalid with file, line and column
 */
export function parseDocument(text: string, file: string): ParsedDocument {
  const lines = new LineCounter();
  const document = parseYaml(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const fail = (offset: number, message: string): never => {
    throw new SluiceError('config.invalid', message, { where: at(offset) });
  };
  const [error] = document.errors;
  if (error) fail(error.pos[0], `this is no valid YAML or JSON: ${error.message.replaceAll(/\s+/g, ' ')}`);

  const walk: Walk = { document, keys: new Map(), values: new Map(), above: new Set(), fail };
  const value = plain(walk, document.contents, '', 0);
  const place = (pointer: string, part: 'key' | 'value' = 'value'): string => {
    for (let here = pointer; ; here = here.slice(0, here.lastIndexOf('/'))) {
      const offset = (part === 'key' ? walk.keys.get(here) : undefined) ?? walk.values.get(here);
      if (offset !== undefined) return at(offset);
      if (here === '') return at(0);
    }
  };
  return { value, place };
}
