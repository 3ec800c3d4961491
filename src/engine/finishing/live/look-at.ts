import { hash } from 'node:crypto';
import type { Database } from '../../ports/dialect.ts';
import type { NamedRows, RowDigest } from '../../ports/row-inspector.ts';
import { nameOf, type Seen } from './suspects.ts';

/** Rows that one statement asks for. */
const AT_ONCE = 500;
const BUCKETS = 65_536;

/** As docs/reference/checksum.md has it. */
function bucketOf(name: readonly string[]): number {
  const text = name.map((cell) => `${Buffer.byteLength(cell)}:${cell};`).join('');
  return hash('md5', text, 'buffer').readUInt32BE(0) % BUCKETS;
}

type Inspecting = Pick<Database, 'inspector'>;

/** Where the index is not asked, by their buckets: the whole table is read. */
function rowsOf({ inspector }: Inspecting, request: NamedRows, signal: AbortSignal) {
  if (inspector.rowsAt) return inspector.rowsAt(request, signal);
  const { names, ...of } = request;
  const chosen = [...new Set(names.map(bucketOf))];
  return inspector.rowDigests({ ...of, range: null, buckets: BUCKETS, chosen }, signal);
}

/** A name has one row, or several where nothing keeps them apart. */
function byName(rows: readonly RowDigest[]): ReadonlyMap<string, string> {
  const found = new Map<string, string[]>();
  for (const { key, digest } of rows) {
    const name = nameOf(key);
    const known = found.get(name);
    if (known) known.push(digest);
    else found.set(name, [digest]);
  }
  return new Map([...found].map(([name, digests]) => [name, digests.toSorted().join()]));
}

/** Reads rows on both sides by their names, as they are now. */
export async function lookAt(
  deps: { readonly source: Inspecting; readonly target: Inspecting },
  request: Omit<NamedRows, 'side'>,
  control: { readonly stop: AbortSignal; readonly progress: () => void },
): Promise<ReadonlyMap<string, Seen>> {
  const found = new Map<string, Seen>();
  for (let from = 0; from < request.names.length; from += AT_ONCE) {
    const names = request.names.slice(from, from + AT_ONCE);
    const [source, target] = await Promise.all(
      (['source', 'target'] as const).map(async (side) =>
        byName(await rowsOf(deps[side], { ...request, names, side }, control.stop)),
      ),
    );
    for (const name of names.map(nameOf))
      found.set(name, { source: source?.get(name) ?? null, target: target?.get(name) ?? null });
    control.progress();
  }
  return found;
}
