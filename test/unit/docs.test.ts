import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { GENERATED_PAGES } from '../../scripts/docs/pages.ts';
import { errorPage } from '../../src/cli/format-error.ts';
import { ERRORS, type ErrorCode } from '../../src/model/error-codes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

describe('docs/reference', () => {
  test.each(Object.keys(GENERATED_PAGES))('%s is what npm run docs writes', async (name) => {
    expect(await read(`docs/reference/${name}`)).toBe(await GENERATED_PAGES[name]?.());
  });

  test('every code has the place that errors point to', async () => {
    const page = await read('docs/reference/errors.md');
    const missing = (Object.keys(ERRORS) as ErrorCode[]).filter(
      (code) => !page.includes(`<a id="${errorPage(code).split('#')[1]}"></a>`),
    );
    expect(missing).toEqual([]);
  });
});

const withoutCode = (text: string): string =>
  text.replaceAll(/```[\s\S]*?```/g, '').replaceAll(/`[^`\n]*`/g, '');

/** Targets of Markdown links and pictures that are files of ours. */
const linksOf = (text: string): readonly string[] =>
  [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^(https?:|mailto:|#)/.test(target));

test('every link between our pages leads to a file, and every page is reached from the README', async () => {
  const entries = await readdir(join(ROOT, 'docs'), { recursive: true });
  const pages = entries.filter((name) => name.endsWith('.md')).map((name) => join('docs', name));
  const texts = new Map<string, string>();
  for (const page of ['README.md', ...pages]) texts.set(page, await read(page));
  const broken: string[] = [];
  const reached = new Set<string>(['README.md']);
  for (const page of reached) {
    for (const link of linksOf(texts.get(page) ?? '')) {
      const target = resolve(ROOT, dirname(page), link.split('#')[0] ?? '');
      if (!existsSync(target)) broken.push(`${page}: ${link}`);
      const name = target.slice(ROOT.length);
      if (texts.has(name)) reached.add(name);
    }
  }
  expect(broken).toEqual([]);
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});

test('the README has at most 200 lines', async () => {
  expect((await read('README.md')).split('\n').length).toBeLessThanOrEqual(200);
});
