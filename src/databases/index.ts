import type { Dialect } from '../engine/ports/dialect.ts';
import { SluiceError } from '../model/sluice-error.ts';

/** URL scheme -> kind of database, loaded when first used. Adding a database is a folder and a line here. */
const DATABASES: Readonly<Record<string, () => Promise<Dialect>>> = {
  postgres: async () => (await import('./postgresql/dialect.ts')).postgresql,
  postgresql: async () => (await import('./postgresql/dialect.ts')).postgresql,
  mysql: async () => (await import('./mysql/dialect.ts')).mysql,
  mariadb: async () => (await import('./mysql/dialect.ts')).mysql,
  oracle: async () => (await import('./oracle/dialect.ts')).oracle,
  sqlite: async () => (await import('./sqlite/dialect.ts')).sqlite,
};

export const databaseSchemes = (): readonly string[] => Object.keys(DATABASES);

/** @throws SluiceError connection.invalid_url */
export async function loadDialect(scheme: string): Promise<Dialect> {
  const load = Object.hasOwn(DATABASES, scheme) ? DATABASES[scheme] : undefined;
  if (!load) {
    throw new SluiceError('connection.invalid_url', `"${scheme}:" is no database that Sluice knows`, {
      suggestion: `one of ${databaseSchemes().join(', ')}`,
    });
  }
  return load();
}
