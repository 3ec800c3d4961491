/** Changes rows of an SQLite file in a process of its own, as an application does. env: FILE · ROWS; says the seconds that it took. */
import Database from 'better-sqlite3';
import { PER_TRANSACTION, STRIDE, TABLE, TABLE_ROWS } from './source.ts';

const database = new Database(process.env['FILE'] ?? '', { timeout: 60_000, fileMustExist: true });
database.pragma('synchronous = normal');
const update = database.prepare(`UPDATE ${TABLE} SET amount = amount + 1, status = 'paid' WHERE id = ?`);
const [begin, commit] = [database.prepare('BEGIN IMMEDIATE'), database.prepare('COMMIT')];
const rows = Number(process.env['ROWS']);
const beganMs = performance.now();
for (let i = 0; i < rows; i += PER_TRANSACTION) {
  begin.run();
  for (let n = i; n < Math.min(rows, i + PER_TRANSACTION); n += 1)
    update.run(1 + ((n * STRIDE) % TABLE_ROWS));
  commit.run();
}
process.stdout.write(String((performance.now() - beganMs) / 1000));
database.close();
