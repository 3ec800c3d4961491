import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';
import { statementCost } from '../measure/thread-cpu.ts';
import { createScratchDatabases } from '../source/scratch-databases.ts';
import { deployCapture } from './deploy-capture.ts';
import { type CaptureEngine, tableOf, VARIANTS, type Workload } from './engine.ts';
import { renderStatement } from './server-statements.ts';

const SQL = new URL('postgresql.sql', import.meta.url);
const EVENTS = `${CAPTURE_DEFAULTS.schema}.event_logs`;
const ROW = `i % 100000, 'paid', i / 100.0, timestamptz '2024-01-01 10:00:00+00', '8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d',
  '{"k": 17, "x": "8f14e45fceea167a5a36dedd4bea2543", "tags": ["a", "b"]}', i % 100, true, '8f14e45f-ceea-167a-5a36-dedd4bea2543'`;

/** A loop at the server: no round trips, which would hide what a trigger takes. */
const renderLoop = (
  workload: Workload,
  table: string,
  round: number,
): string => `DO $$ DECLARE a bigint; BEGIN
  FOR i IN 1..${workload.rows / workload.perStatement} LOOP
    a := (i - 1) * ${workload.perStatement};
    ${renderStatement(workload, table, round, { row: ROW, i: 'i::bigint' })};
    IF i % ${workload.perTransaction} = 0 THEN COMMIT; END IF;
  END LOOP; END $$`;

/** Four tables in a database of their own, of which two have our triggers. */
export async function openPostgresql(server: string): Promise<CaptureEngine> {
  const databases = await createScratchDatabases(server);
  const client = new pg.Client({ connectionString: databases.source });
  await client.connect();
  const count = async (table: string): Promise<number> => {
    const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`);
    return Number(rows[0]?.n);
  };
  await client.query(await readFile(SQL, 'utf8'));
  const { database } = await deployCapture(databases.source, {
    app_row: {},
    app_statement: { form: 'statement' },
  });
  await database.close();
  // Waiting for the disk would hide what a trigger takes, too.
  await client.query('SET synchronous_commit TO off');
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid ?? 0;
  return {
    name: 'postgresql',
    title: 'PostgreSQL',
    variants: VARIANTS,
    clean: async (variant) => {
      await client.query(`TRUNCATE plain_stage, ${EVENTS}`);
      await client.query(`VACUUM ${tableOf(variant)}`);
    },
    run: (workload, variant, round) => {
      const sql = renderLoop(workload, tableOf(variant), round);
      return statementCost(pid, () => client.query(sql));
    },
    recorded: (variant) =>
      variant === 'none' ? Promise.resolve(0) : count(variant === 'plain' ? 'plain_stage' : EVENTS),
    close: async () => {
      await client.end();
      await databases.drop();
    },
  };
}
