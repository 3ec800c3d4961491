import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FENCED = /^```(\w*)\n([\s\S]*?)^```$/gm;

export const readDoc = (page: string): string =>
  readFileSync(fileURLToPath(new URL(`../../docs/${page}`, import.meta.url)), 'utf8');

/** The fenced blocks of a page of the docs, as they stand there; `sql`, or '' for those that name no language. */
export function blocksOf(page: string, language: string): readonly string[] {
  return [...readDoc(page).matchAll(FENCED)].flatMap(([, named, block]) =>
    named === language ? [block ?? ''] : [],
  );
}
