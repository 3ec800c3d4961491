import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { LoadFixture } from '../contract/load-fixture.ts';
import { mariadbChanges, PLACE as MARIADB } from './mariadb-changes.ts';
import type { Product } from './mariadb-harness.ts';
import { PLACE as POSTGRESQL, postgresChanges } from './postgresql-changes.ts';
import { TEST_OPTIONS } from './postgresql-harness.ts';
import { openWriter, PLACE as SQLITE } from './sqlite-changes.ts';
import { sqlitePlace } from './sqlite-harness.ts';

export const postgresqlLoads = {
  concurrentWriters: true,
  keyText: 'text COLLATE "C"',
  place: async () => {
    const place = await postgresChanges();
    const opened: Database[] = [];
    return {
      url: place.url,
      capture: POSTGRESQL,
      schema: 'public',
      open: async () => {
        const database = await postgresql.open(postgresql.parseUrl(place.url, {}), TEST_OPTIONS);
        opened.push(database);
        return database;
      },
      execute: (sql) => place.execute(sql),
      query: (sql) => place.query(sql),
      writer: () => place.writer(),
      drop: async () => {
        await Promise.all(opened.map((database) => database.close()));
        await place.drop();
      },
    };
  },
} satisfies LoadFixture;

export const mysqlLoads = (product: Product): LoadFixture => ({
  concurrentWriters: true,
  keyText: 'varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  escape: (quoted) => quoted.replaceAll('\\', '\\\\'),
  place: async () => {
    const place = await mariadbChanges(product);
    return {
      capture: MARIADB,
      schema: place.place.name,
      open: () => place.place.open(),
      execute: (sql) => place.execute(sql),
      query: (sql) => place.query(sql),
      writer: () => place.writer(),
      drop: () => place.drop(),
    };
  },
});

export const sqliteLoads: LoadFixture = {
  concurrentWriters: false,
  keyText: 'text',
  place: async () => {
    const place = await sqlitePlace();
    const writers: { close(): Promise<void> }[] = [];
    return {
      capture: SQLITE,
      schema: 'main',
      open: () => place.open(),
      execute: (sql) => place.execute(sql),
      query: (sql) => place.query(sql),
      writer: async () => {
        const writer = await openWriter(place.path);
        writers.push(writer);
        return writer;
      },
      drop: async () => {
        await Promise.all(writers.map((writer) => writer.close()));
        await place.drop();
      },
    };
  },
};
