import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { runProgram } from '../../scripts/servers/process/run-program.mjs';
import { required, say } from '../environment.ts';
import { describeMachine } from '../measure/machine.ts';
import { measureTransfer, type TransferResult } from '../sluice/measure-transfer.ts';
import { TRANSFER, writeConfig } from '../sluice/write-config.ts';
import { createScratchDatabases, query } from '../source/scratch-databases.ts';

const SLUICE = fileURLToPath(new URL('../../bin/sluice', import.meta.url));
const TABLES = 5_000;
/** Made in so many transactions: one of all would need more locks than a server has. */
const AT_ONCE = 250;
const ROWS = 20;

const HELP = `usage: scripts/bench --tables [options]: what a transfer of thousands of tables takes
  --count N    tables (${TABLES})
  --readers N  of the transfer; default: the product's
`;

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    tables: { type: 'boolean' },
    help: { type: 'boolean' },
    count: { type: 'string' },
    readers: { type: 'string' },
  },
});

/** Small tables with a key, an index and a few rows each. */
async function makeTables(url: string, count: number): Promise<void> {
  for (let from = 1; from <= count; from += AT_ONCE) {
    const upto = Math.min(count, from + AT_ONCE - 1);
    await query(
      url,
      `DO $$ BEGIN FOR i IN ${from}..${upto} LOOP
         EXECUTE format('CREATE TABLE %I (id integer PRIMARY KEY, note text NOT NULL, at timestamptz DEFAULT now(), amount numeric(12,2))', 'ledger_entries_' || lpad(i::text, 5, '0'));
         EXECUTE format('INSERT INTO %I SELECT n, ''note '' || n, now(), n / 7.0 FROM generate_series(1, ${ROWS}) AS n', 'ledger_entries_' || lpad(i::text, 5, '0'));
       END LOOP; END $$`,
    );
  }
  await query(url, 'ANALYZE');
}

/** Every row is there: counted in all tables of the target. */
async function countAll(url: string): Promise<number> {
  const rows = await query(
    url,
    `SELECT (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I.%I', schemaname, tablename), false, true, '')))[1]::text
       FROM pg_tables WHERE schemaname = 'public'`,
  );
  return rows.reduce((sum, [count]) => sum + Number(count), 0);
}

async function measure(
  count: number,
): Promise<{ planSeconds: number; result: TransferResult; rows: number }> {
  const address = required('SLUICE_TEST_TEMPORAL_ADDRESS');
  const connection = await Connection.connect({ address });
  const databases = await createScratchDatabases(required('SLUICE_TEST_POSTGRES_URL'));
  const folder = await mkdtemp(join(tmpdir(), 'sluice-tables-'));
  try {
    say(`making ${count} tables`);
    await makeTables(databases.source, count);
    await databases.freshTarget(null);
    const config = await writeConfig(
      folder,
      { source: databases.source, hub: required('SLUICE_TEST_NATS_URL'), target: databases.target },
      'public.*',
      {
        encoding: 'auto',
        verify: 'count',
        readers: values.readers === undefined ? null : Number(values.readers),
        writers: null,
        blockBytes: null,
      },
    );
    const startedMs = performance.now();
    await runProgram(SLUICE, ['plan', TRANSFER, '--config', config, '--output', 'json']);
    const planSeconds = (performance.now() - startedMs) / 1000;
    say(`planned in ${planSeconds.toFixed(1)} s`);
    const result = await measureTransfer(new Client({ connection }), {
      config,
      target: databases.target,
      address,
    });
    return { planSeconds, result, rows: await countAll(databases.target) };
  } finally {
    await rm(folder, { recursive: true, force: true });
    await databases.drop();
    await connection.close();
  }
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const count = Number(values.count ?? TABLES);
  const machine = await describeMachine([]);
  const { planSeconds, result, rows } = await measure(count);
  const { firstRowSeconds = Number.NaN } = result.extra;
  const cells = [
    count.toLocaleString('en-US'),
    planSeconds.toFixed(1),
    firstRowSeconds.toFixed(1),
    result.seconds.toFixed(0),
    Math.round(result.peakBytes / 2 ** 20),
    result.cpuSeconds.toFixed(0),
  ];
  process.stdout.write(
    `| tables of ${ROWS} rows | \`sluice plan\` s | first row after s | all after s | peak memory MiB | CPU s |
| --- | --- | --- | --- | --- | --- |
| ${cells.join(' | ')} |

${machine.date} UTC, ${machine.processor}, ${machine.cores} cores; \`npm run bench -- --tables\`.
`,
  );
  return rows === count * ROWS ? 0 : 1;
}

process.exitCode = await main();
