import mysql from 'mysql2/promise';
import { createMariadbDatabases, mariadbQuery } from '../source/mariadb-databases.ts';
import { PER_TRANSACTION, type Session, STRIDE, TABLE, TABLE_ROWS, type TopicSource } from './source.ts';

const CREATE = [
  `CREATE TABLE ${TABLE} (id bigint PRIMARY KEY, status varchar(20) NOT NULL, amount decimal(12,2) NOT NULL, at datetime(6) NOT NULL, note text, sent_us bigint)`,
  `INSERT INTO ${TABLE} SELECT seq, 'new', seq / 100.0, TIMESTAMPADD(SECOND, seq, '2024-01-01'), CONCAT(MD5(seq), MD5(seq + 1)), 0 FROM seq_1_to_${TABLE_ROWS}`,
];
const UPDATE = `UPDATE ${TABLE} SET amount = amount + 1, sent_us = CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)
  WHERE id = ?`;

async function openSession(url: string): Promise<Session> {
  const client = await mysql.createConnection({ uri: url.replace(/^mariadb:/, 'mysql:') });
  const change = async (): Promise<void> => {
    await client.query(UPDATE, [1 + Math.floor(Math.random() * TABLE_ROWS)]);
  };
  return { change, close: () => client.end() };
}

export async function openMariadb(server: string): Promise<TopicSource> {
  const databases = await createMariadbDatabases(server);
  const { source } = databases;
  await databases.freshSource(false);
  for (const sql of CREATE) await mariadbQuery(source, sql);
  return {
    name: 'mariadb',
    title: 'MariaDB',
    url: source,
    change: async (rows) => {
      const beganMs = performance.now();
      await mariadbQuery(
        source,
        `BEGIN NOT ATOMIC DECLARE i BIGINT DEFAULT 0; START TRANSACTION; WHILE i < ${rows} DO
          SET i = i + 1;
          UPDATE ${TABLE} SET amount = amount + 1, status = 'paid' WHERE id = 1 + i * ${STRIDE} % ${TABLE_ROWS};
          IF i % ${PER_TRANSACTION} = 0 THEN COMMIT; START TRANSACTION; END IF;
        END WHILE; COMMIT; END`,
      );
      return (performance.now() - beganMs) / 1000;
    },
    session: () => openSession(source),
    close: () => databases.drop(),
  };
}
