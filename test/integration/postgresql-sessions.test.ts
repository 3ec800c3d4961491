import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { never } from '../contract/test-tables.ts';
import {
  type PostgresPlace,
  postgresPlace,
  postgresUrl,
  TEST_OPTIONS,
} from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'sessions of PostgreSQL', () => {
  let place: PostgresPlace;
  beforeAll(async () => {
    place = await postgresPlace();
  });
  afterAll(() => place.drop());

  const open = (url: string, settings = {}) =>
    postgresql.open(postgresql.parseUrl(url, settings), TEST_OPTIONS);

  test('what cannot be opened says why', async () => {
    await expect(open('postgres://me@127.0.0.1:1/x')).rejects.toMatchObject({ code: 'database.unreachable' });
    await expect(open(postgresUrl('no_such_database'))).rejects.toMatchObject({ code: 'database.not_found' });
    await expect(open(postgresUrl(place.name, 'no_such_user'))).rejects.toMatchObject({
      code: 'database.authentication_failed',
    });
    await expect(open(place.url, { role: 'no_such_role' })).rejects.toMatchObject({ name: 'SluiceError' });
  });

  test('no more connections are open than allowed, and none after closing', async () => {
    const database = await place.open({ maxConnections: 3 });
    const versions = await Promise.all(Array.from({ length: 20 }, () => database.ping(never())));
    expect(new Set(versions).size).toBe(1);
    expect(versions[0]).toMatch(/^PostgreSQL \d+/);
    expect(await place.connections()).toBeLessThanOrEqual(3);
    await database.close();
    await vi.waitFor(async () => expect(await place.connections()).toBe(0));
    await expect(database.ping(never())).rejects.toMatchObject({ code: 'internal' });
  });

  test('waiting for a connection ends with the signal, and the next in line gets it', async () => {
    const database = await place.open({ maxConnections: 1 });
    const transaction = await database.writer.begin(never());
    const stop = new AbortController();
    const given = database.ping(stop.signal).catch((error: unknown) => error);
    const next = database.ping(never());
    stop.abort(new Error('enough'));
    expect(await given).toMatchObject({ message: 'enough' });
    await transaction.rollback();
    expect(await next).toMatch(/^PostgreSQL/);
    await database.close();
  });

  test('connections that the server closed are replaced', async () => {
    const database = await place.open({ maxConnections: 2 });
    await Promise.all([database.ping(never()), database.ping(never())]);
    await place.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${place.name}' AND pid <> pg_backend_pid()`,
    );
    await vi.waitFor(async () => expect(await database.ping(never())).toMatch(/^PostgreSQL/));
    await database.close();
  });

  test('the incarnation is the same for every connection and another one for another database', async () => {
    const other = await postgresPlace();
    const [first, again, elsewhere] = await Promise.all([place.open(), place.open(), other.open()]);
    expect(await first.incarnation(never())).toBe(await again.incarnation(never()));
    expect(await first.incarnation(never())).not.toBe(await elsewhere.incarnation(never()));
    await other.drop();
  });
});
