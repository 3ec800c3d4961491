import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { ALL_CASES, chooseCases, groupsOf } from './cases/choose-cases.ts';
import { type Given, runGroup } from './cases/run-group.ts';
import { preferPostgresPrograms, required, say } from './environment.ts';
import { describeMachine } from './measure/machine.ts';
import type { Measurement } from './measure/measurement.ts';
import { type BenchOptions, HELP, parseOptions } from './options.ts';
import { keepPlaces } from './report/places.ts';
import { ofChanges, PAGE, publishPlaces, renderPlaces } from './report/publish.ts';
import { renderPage, renderResults } from './report/render-page.ts';
import { createResultsFile, readResults, type Results } from './report/results-file.ts';

/** Published before, of runs whose measurements were not kept. */
const EARLIER = new URL('published/earlier.md', import.meta.url);

function sayOne({ case: name, run, ok, seconds, peakBytes, load, error }: Measurement): void {
  const figures = `${seconds.toFixed(2)} s, ${Math.round(peakBytes / 2 ** 20)} MiB, load ${load.join('-')}`;
  say(`${name} ${run}: ${figures}${ok ? '' : ` NOT GOOD: ${error}`}`);
}

/** The programs whose versions matter. */
function versionedPrograms(): readonly string[] {
  const nats = process.env['SLUICE_TEST_NATS_BIN'] ?? 'nats-server';
  const temporal = process.env['SLUICE_TEST_TEMPORAL_BIN'] ?? 'temporal';
  return ['postgres', 'psql', nats, temporal, 'pgcopydb', 'sqlite3', 'mariadbd', 'pgloader'];
}

async function measureAll(options: BenchOptions): Promise<Results> {
  const cases = chooseCases(options);
  const temporalAddress = required('SLUICE_TEST_TEMPORAL_ADDRESS');
  preferPostgresPrograms();
  const machine = await describeMachine(versionedPrograms());
  const file = await createResultsFile(machine, options.command);
  const connection = await Connection.connect({ address: temporalAddress });
  const given: Given = {
    options,
    temporalAddress,
    client: new Client({ connection }),
    hub: required('SLUICE_TEST_NATS_URL'),
    kafka: cases.some(({ needs }) => needs === 'kafka')
      ? `kafka://${required('SLUICE_TEST_KAFKA_BROKERS')}`
      : '',
    mariadb: cases.some(({ group }) => group.endsWith('-mariadb')) ? required('SLUICE_TEST_MARIADB_URL') : '',
    postgres: required('SLUICE_TEST_POSTGRES_URL'),
  };
  try {
    for (const group of groupsOf(cases)) {
      say(`${group.name}: making a source of ${group.rows(options)} rows`);
      for await (const measurement of runGroup(given, group, cases)) {
        sayOne(measurement);
        await file.add(measurement);
      }
    }
  } finally {
    await connection.close();
  }
  say(`results are in ${file.path}`);
  return readResults(file.path);
}

async function publishTransfers(all: readonly Results[]): Promise<void> {
  await mkdir(dirname(PAGE), { recursive: true });
  const before = await readFile(PAGE, 'utf8').catch(() => '');
  const earlier = await readFile(EARLIER, 'utf8');
  await writeFile(PAGE, `${renderPage(all, earlier)}\n${keepPlaces(before, ['scale'])}`);
  say(`wrote ${PAGE}`);
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(HELP);
    return 0;
  }
  const options = parseOptions(args);
  if (options.cases[0] === 'list') {
    process.stdout.write(ALL_CASES.map(({ name, title }) => `${name.padEnd(24)}${title}\n`).join(''));
    return 0;
  }
  const all =
    options.from.length > 0 ? await Promise.all(options.from.map(readResults)) : [await measureAll(options)];
  const transfers = all.filter((results) => !ofChanges(results));
  process.stdout.write(`${[renderResults(transfers), renderPlaces(all)].join('\n\n').trim()}\n`);
  if (options.publish && transfers.length > 0) await publishTransfers(transfers);
  if (options.publish) await publishPlaces(all);
  return all.every(({ measurements }) => measurements.every(({ ok }) => ok)) ? 0 : 1;
}

// `| head` reads no further than it needs.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof RangeError || error instanceof TypeError ? 2 : 1;
}
