import { afterEach, beforeEach } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { TestPlace } from '../contract/harness.ts';
import { mariadbPlace } from './mariadb-harness.ts';
import { postgresPlace } from './postgresql-harness.ts';
import { sqlitePlace } from './sqlite-harness.ts';

const PLACES = {
  postgres: () => postgresPlace(),
  mariadb: () => mariadbPlace(),
  sqlite: () => sqlitePlace(),
};
export type Product = keyof typeof PLACES;

/** Opens places for the tests of the `describe` that it is called in; each is dropped after its test. */
export function useOpenPlaces() {
  const places: TestPlace[] = [];
  beforeEach(() => void places.splice(0));
  afterEach(() => Promise.all(places.map((place) => place.drop())));
  return async (product: Product): Promise<{ place: TestPlace; database: Database }> => {
    const place = await PLACES[product]();
    places.push(place);
    return { place, database: await place.open() };
  };
}
