import type { Config } from '../../model/config.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import { withDatabase } from '../connection/open-connection.ts';
import { testConnection } from '../connection/test-connection.ts';
import { bad, type Check, good, warning } from './check.ts';

const DEADLINE_MS = 30_000;

async function checkOne(config: Config, name: string): Promise<readonly Check[]> {
  const tested = await testConnection(config, name);
  const label = `connection ${name}`;
  if (tested.error) return [bad(label, tested.error)];
  return [
    good(label, `${tested.kind} ${tested.version} at ${tested.url}`),
    // Only hubs warn here; each kind has its page.
    ...tested.warnings.map((text) => warning(label, text, `docs/how-to/run-${tested.kind}.md`)),
  ];
}

async function attempt(name: string, work: () => Promise<Check>): Promise<Check> {
  try {
    return await work();
  } catch (error) {
    return bad(name, isSluiceError(error) ? error : new SluiceError('internal', String(error)));
  }
}

/** What the target says of itself that may cost what was copied. */
async function checkTarget(config: Config, name: string, signal: AbortSignal): Promise<readonly Check[]> {
  const label = `target ${name}`;
  try {
    const warnings = await withDatabase(
      config,
      name,
      async (database) => (await database.warnings?.(signal)) ?? [],
    );
    return warnings.map((text) => warning(label, text, 'docs/explanation/durability.md'));
  } catch (error) {
    return [await attempt(label, () => Promise.reject(error))];
  }
}

/** Whether the user sees any table, and whether the ledger is there or can be made. */
async function checkRoles(config: Config, installLedger: boolean): Promise<readonly Check[]> {
  const specs = Object.values(config.transfers);
  const sources = [...new Set(specs.map(({ source }) => source))];
  const targets = [...new Set(specs.map(({ target }) => target))];
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const checks: Check[] = [];
  for (const name of sources) {
    const label = `source ${name}`;
    checks.push(
      await attempt(label, async () => {
        const tables = await withDatabase(config, name, (database) =>
          database.introspector.listTables(signal),
        );
        return tables.length > 0
          ? good(label, `${tables.length} tables can be seen`)
          : warning(
              label,
              'no table can be seen',
              'grant SELECT on the tables to the user of the connection',
            );
      }),
    );
  }
  for (const name of targets) checks.push(...(await checkTarget(config, name, signal)));
  for (const name of installLedger ? targets : []) {
    const label = `target ${name}`;
    checks.push(
      await attempt(label, async () => {
        await withDatabase(config, name, (database) => database.ledger.install(signal));
        return good(label, 'the ledger is installed');
      }),
    );
  }
  return checks;
}

/** Opens every connection, and looks at what transfers will do with them. */
export async function checkConnections(config: Config, installLedger: boolean): Promise<readonly Check[]> {
  const opened = (await Promise.all(config.connectionNames.map((name) => checkOne(config, name)))).flat();
  if (opened.some(({ state }) => state === 'bad')) return opened;
  return [...opened, ...(await checkRoles(config, installLedger))];
}
