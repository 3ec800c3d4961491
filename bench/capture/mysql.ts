import { readFile } from 'node:fs/promises';
import mysql from 'mysql2/promise';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';
import { statementCost } from '../measure/thread-cpu.ts';
import { createMariadbDatabases } from '../source/mariadb-databases.ts';
import { deployCapture } from './deploy-capture.ts';
import { type CaptureEngine, tableOf, type Workload } from './engine.ts';
import { renderStatement } from './server-statements.ts';

const SQL = new URL('mysql.sql', import.meta.url);
const EVENTS = `${CAPTURE_DEFAULTS.prefix}event_logs`;
const ROW = `i % 100000, 'paid', i / 100.0, '2024-01-01 10:00:00', '8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d',
  '{"k": 17, "x": "8f14e45fceea167a5a36dedd4bea2543", "tags": ["a", "b"]}', i % 100, 1, '8f14e45f-ceea-167a-5a36-dedd4bea2543'`;

/** What the two products of one database spell in two ways. */
interface Spelling {
  readonly title: string;
  /** Numbers from 1 to so many, as the column `seq`. */
  readonly series: string;
  /** Number that the kernel gives the session's thread. */
  readonly thread: string;
  /** Waiting for the disk would hide what a trigger takes: logs are written at each commit and flushed once a second. */
  readonly hasty: readonly string[];
  readonly durable: readonly string[];
  /** Runs the body of a procedure. */
  readonly run: (body: string) => string;
}

const FLUSH = 'SET GLOBAL innodb_flush_log_at_trx_commit =';

const MARIADB: Spelling = {
  title: 'MariaDB',
  series: 'seq_1_to_200000',
  thread: 'SELECT TID FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()',
  hasty: [`${FLUSH} 2`],
  durable: [`${FLUSH} 1`],
  run: (body) => `BEGIN NOT ATOMIC ${body} END`,
};

const MYSQL: Spelling = {
  title: 'MySQL',
  series:
    '(WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 200000) SELECT seq FROM n) AS numbers',
  thread: 'SELECT THREAD_OS_ID FROM performance_schema.threads WHERE PROCESSLIST_ID = CONNECTION_ID()',
  hasty: [`${FLUSH} 2`, 'SET GLOBAL sync_binlog = 0', 'SET SESSION cte_max_recursion_depth = 200001'],
  durable: [`${FLUSH} 1`, 'SET GLOBAL sync_binlog = 1'],
  run: (body) =>
    `DROP PROCEDURE IF EXISTS workload; CREATE PROCEDURE workload() BEGIN ${body} END; CALL workload()`,
};

/** A loop at the server: no round trips, which would hide what a trigger takes. */
const renderLoop = (
  workload: Workload,
  table: string,
  round: number,
): string => `DECLARE i BIGINT DEFAULT 0; DECLARE a BIGINT;
  START TRANSACTION;
  WHILE i < ${workload.rows / workload.perStatement} DO
    SET a = i * ${workload.perStatement};
    SET i = i + 1;
    ${renderStatement(workload, table, round, { row: ROW, i: 'i' })};
    IF i % ${workload.perTransaction} = 0 THEN COMMIT; START TRANSACTION; END IF;
  END WHILE; COMMIT;`;

/** Three tables in a database of their own, of which one has our triggers. */
async function open(name: 'mariadb' | 'mysql', server: string): Promise<CaptureEngine> {
  const spelling = name === 'mysql' ? MYSQL : MARIADB;
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
  for (const sql of spelling.hasty) await client.query(sql);
  await client.query((await readFile(SQL, 'utf8')).replaceAll('seq_1_to_200000', spelling.series));
  const { database } = await deployCapture(databases.source, { app_row: {} });
  await database.close();
  const thread = await cell(spelling.thread);
  return {
    name,
    title: spelling.title,
    variants: ['none', 'plain', 'row'],
    clean: async () => {
      await client.query('TRUNCATE plain_stage');
      await client.query(`DELETE FROM ${EVENTS}`);
    },
    run: (workload, variant, round) => {
      const sql = spelling.run(renderLoop(workload, tableOf(variant), round));
      return statementCost(thread, () => client.query(sql));
    },
    recorded: (variant) =>
      variant === 'none'
        ? Promise.resolve(0)
        : cell(`SELECT COUNT(*) FROM ${variant === 'plain' ? 'plain_stage' : EVENTS}`),
    close: async () => {
      for (const sql of spelling.durable) await client.query(sql);
      await client.end();
      await databases.drop();
    },
  };
}

export const openMariadb = (server: string): Promise<CaptureEngine> => open('mariadb', server);
export const openMysql = (server: string): Promise<CaptureEngine> => open('mysql', server);
