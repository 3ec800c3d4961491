import pg from 'pg';
import { createScratchDatabases, query } from '../source/scratch-databases.ts';
import { PER_TRANSACTION, type Session, STRIDE, TABLE, TABLE_ROWS, type TopicSource } from './source.ts';

const CREATE = [
  `CREATE TABLE ${TABLE} (id bigint PRIMARY KEY, status text NOT NULL, amount numeric(12,2) NOT NULL, at timestamptz NOT NULL, note text, sent_us bigint)`,
  `INSERT INTO ${TABLE} SELECT i, 'new', i / 100.0, timestamptz '2024-01-01' + i * interval '1 s', md5(i::text) || md5((i + 1)::text), 0 FROM generate_series(1, ${TABLE_ROWS}) i`,
];
const UPDATE = `UPDATE ${TABLE} SET amount = amount + 1, sent_us = (extract(epoch FROM clock_timestamp()) * 1e6)::bigint
  WHERE id = 1 + (random() * ${TABLE_ROWS - 1})::bigint`;

async function openSession(url: string): Promise<Session> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return { change: async () => void (await client.query(UPDATE)), close: () => client.end() };
}

export async function openPostgresql(server: string): Promise<TopicSource> {
  const databases = await createScratchDatabases(server);
  const { source } = databases;
  for (const sql of CREATE) await query(source, sql);
  return {
    name: 'postgresql',
    title: 'PostgreSQL',
    url: source,
    change: async (rows) => {
      const beganMs = performance.now();
      await query(
        source,
        `DO $$ BEGIN FOR i IN 1..${rows} LOOP
          UPDATE ${TABLE} SET amount = amount + 1, status = 'paid' WHERE id = 1 + i::bigint * ${STRIDE} % ${TABLE_ROWS};
          IF i % ${PER_TRANSACTION} = 0 THEN COMMIT; END IF;
        END LOOP; END $$`,
      );
      const seconds = (performance.now() - beganMs) / 1000;
      await query(source, 'CHECKPOINT');
      return seconds;
    },
    session: () => openSession(source),
    close: () => databases.drop(),
  };
}
