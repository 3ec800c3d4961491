/**
 * Writes the generated pages of docs/reference.
 *
 *     npm run docs
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GENERATED_PAGES } from './pages.ts';

const folder = join(import.meta.dirname, '..', '..', 'docs', 'reference');
for (const [name, render] of Object.entries(GENERATED_PAGES))
  await writeFile(join(folder, name), await render());
process.exit(0);
