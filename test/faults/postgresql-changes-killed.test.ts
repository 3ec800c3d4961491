import { expect, test } from 'vitest';
import { eventsOf, LANE, sealAll, textOf, TRANSFER } from '../contract/changes-steps.ts';
import { never } from '../contract/test-tables.ts';
import { eventually } from '../support/eventually.ts';
import { names, postgresChanges, sourceAt } from '../support/postgresql-changes.ts';
import { describeWith, startOwnPostgres } from '../support/servers.ts';

const KEYS = 4;
const KILLS = 3;
const MOST_BUMPS = 50_000;

/** Raises rows one after the other, without waiting for the disk, until the server is gone. */
async function writeUntilKilled(place: Awaited<ReturnType<typeof postgresChanges>>): Promise<void> {
  const writer = await place.writer();
  try {
    await writer.execute('SET synchronous_commit = off');
    for (let time = 0; time < MOST_BUMPS; time += 1) await writer.bump('a', 1 + (time % KEYS));
  } catch {
    // The server was killed.
  }
}

describeWith(['postgres'], 'a PostgreSQL whose changes are captured', () => {
  test('is killed while it is written to: what was sealed reads the same, and every event that was kept is in one claim', async () => {
    const server = await startOwnPostgres();
    const place = await postgresChanges(sourceAt(server.url, () => server.stop()));
    try {
      const a = await place.captureTable('a');
      await place.execute(`INSERT INTO a SELECT i, 0 FROM generate_series(1, ${KEYS}) AS i`);
      const changes = await place.open();
      await changes.register(TRANSFER, [{ lane: 1, tables: [a] }], never());
      const claims: string[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        const lease = await changes.lease(LANE, never());
        const before = claims.length;
        const writing = Promise.all([writeUntilKilled(place), writeUntilKilled(place)]);
        await eventually('some claims are sealed', async () => {
          const sealed = await changes.seal(lease, { events: 1_000, bytes: 1_000_000 }, never());
          while (claims.length < (sealed ?? 0))
            claims.push(await textOf(changes, lease, { claim: claims.length + 1 }));
          await changes.confirm(lease, before, never());
          await changes.housekeep({ retentionMs: 0 }, never());
          return claims.length > before + 5;
        });
        await server.kill('SIGKILL');
        await writing;
        await server.restart();
        for (let claim = before + 1; claim <= claims.length; claim += 1)
          expect(await textOf(changes, lease, { claim })).toBe(claims[claim - 1]);
      }
      const lease = await changes.lease(LANE, never());
      for (const claim of await sealAll(changes, lease)) claims.push(await textOf(changes, lease, { claim }));
      const rows = await place.query('SELECT id, n FROM a ORDER BY id');
      const numbers = Array.from({ length: KEYS }, (): number[] => []);
      for (const event of claims.flatMap(eventsOf)) {
        const { id, n } = JSON.parse(event.new!) as { readonly id: number; readonly n: number };
        numbers[id - 1]!.push(n);
      }
      for (const [id, n] of rows)
        expect(numbers[Number(id) - 1]).toEqual(Array.from({ length: Number(n) }, (_, index) => index + 1));
      expect(await place.query(`SELECT count(*) FROM ${names.lanes}`)).toEqual([['1']]);
    } finally {
      await place.drop();
    }
  });
});
