import { readFile } from 'node:fs/promises';
import mysql from 'mysql2/promise';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';
import { statementCost } from '../measure/thread-cpu.ts';
import { createMariadbDatabases } from '../source/mariadb-databases.ts';
import { deployCapture } from './deploy-capture.ts';
import { type CaptureEngine, tableOf, type Workload } from './engine.ts';
import { renderStatement } from './server-statements.ts';

const SQL = new URL('mariadb.sql', import.meta.url);
const EVENTS = `${CAPTURE_DEFAULTS.prefix}event_logs`;
const ROW = `i % 100000, 'paid', i / 100.0, '2024-01-01 10:00:00', '8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d',
  '{"k": 17, "x": "8f14e45fceea167a5a36dedd4bea2543", "tags": ["a", "b"]}', i % 100, 1, '8f14e45f-ceea-167a-5a36-dedd4bea2543'`;

/** A loop at the server: no round trips, which would hide what a trigger takes. */
const renderLoop = (
  workload: Workload,
  table: string,
  round: number,
): string => `BEGIN NOT ATOMIC DECLARE i BIGINT DEFAULT 0; DECLARE a BIGINT;
  START TRANSACTION;
  WHILE i < ${workload.rows / workload.perStatement} DO
    SET a = i * ${workload.perStatement};
    SET i = i + 1;
    ${renderStatement(workload, table, round, { row: ROW, i: 'i' })};
    IF i % ${workload.perTransaction} = 0 THEN COMMIT; START TRANSACTION; END IF;
  END WHILE; COMMIT; END`;

/** Three tables in a database of their own, of which one has our triggers. */
export async function openMariadb(server: string): Promise<CaptureEngine> {
  const databases = await createMariadbDatabases(server);
  await databases.freshSource(false);
  const client = await mysql.createConnection({
    uri: databases.source.replace(/^mariadb:/, 'mysql:'),
    multipleStatements: true,
    rowsAsArray: true,
  });
  const cell = async (sql: string): Promise<number> => {
    const [rows] = await client.query<mysql.RowDataPacket[][]>(sql);
    return Number(rows[0]?.[0]);
  };
  await client.query(await readFile(SQL, 'utf8'));
  const { database } = await deployCapture(databases.source, { app_row: {} });
  await database.close();
  // Waiting for the disk would hide what a trigger takes, too: the log is written at each commit and flushed once a second.
  await client.query('SET GLOBAL innodb_flush_log_at_trx_commit = 2');
  const thread = await cell('SELECT TID FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()');
  return {
    name: 'mariadb',
    title: 'MariaDB',
    variants: ['none', 'plain', 'row'],
    clean: async () => {
      await client.query('TRUNCATE plain_stage');
      await client.query(`DELETE FROM ${EVENTS}`);
    },
    run: (workload, variant, round) => {
      const sql = renderLoop(workload, tableOf(variant), round);
      return statementCost(thread, () => client.query(sql));
    },
    recorded: (variant) =>
      variant === 'none'
        ? Promise.resolve(0)
        : cell(`SELECT COUNT(*) FROM ${variant === 'plain' ? 'plain_stage' : EVENTS}`),
    close: async () => {
      await client.query('SET GLOBAL innodb_flush_log_at_trx_commit = 1');
      await client.end();
      await databases.drop();
    },
  };
}
