import { readFileSync } from 'node:fs';

/** Version of the package, from its manifest, which lies beside `src` and `dist`. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}
