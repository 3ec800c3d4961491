import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The part of esbuild that is called; only developers have it. */
interface Bundler {
  buildSync(options: Readonly<Record<string, unknown>>): {
    readonly outputFiles: readonly { readonly contents: Uint8Array }[];
  };
}

const isSource = import.meta.url.endsWith('.ts');
/** Beside what else is made of the source tree: packages are found from there. */
const MADE = '../../../../.sluice/bundles';

let made: URL | null = null;

/**
 * A module of the source tree with everything that it imports of ours, as one file of JavaScript: tsx would compile it within each new
 * thread or process again, for half a second to two.
 */
export function bundleSource(entry: URL): URL {
  const bundler = createRequire(import.meta.url)('esbuild') as Bundler;
  const { outputFiles } = bundler.buildSync({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    sourcemap: 'inline',
    write: false,
  });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  const folder = fileURLToPath(new URL(MADE, import.meta.url));
  const path = join(folder, `${createHash('sha256').update(code).digest('hex')}.mjs`);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${path}.${process.pid}`, code);
    renameSync(`${path}.${process.pid}`, path); // another process may make the same
  }
  return pathToFileURL(path);
}

/** What a thread runs: JavaScript in `dist`; in the source tree, which only tests and benchmarks run, made of it once a process. */
export function threadEntry(): URL {
  if (!isSource) return new URL('../thread/worker.js', import.meta.url);
  made ??= bundleSource(new URL('../thread/worker.ts', import.meta.url));
  return made;
}
