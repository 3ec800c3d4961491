import type { TSchema } from '@sinclair/typebox';
import { databaseSchemes, loadDialect } from '../../databases/index.ts';
import { hubSchemes, loadHubKind } from '../../hubs/index.ts';

/** Settings of every kind of database and hub once, in the order of their indexes. */
export async function allSettings(): Promise<readonly TSchema[]> {
  const byName = new Map<string, TSchema>();
  for (const scheme of databaseSchemes()) {
    const dialect = await loadDialect(scheme);
    byName.set(dialect.name, dialect.settings);
  }
  for (const scheme of hubSchemes()) {
    const kind = await loadHubKind(scheme);
    byName.set(kind.name, kind.settings);
  }
  return [...byName.values()];
}
