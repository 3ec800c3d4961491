import type { DeployOutcome } from '../../engine/ports/trigger-manager.ts';
import type { Config } from '../../model/config.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import { someNames } from '../../model/some-names.ts';
import { type TableName, tableId } from '../../model/table-name.ts';
import { type OpenCapture, withCapture } from '../commands/capture/with-capture.ts';
import type { Output } from '../output.ts';

/** The name that copyConfig gives the source. */
const SOURCE = 'source';
const NAMED = 10;

const named = (tables: readonly TableName[]): string =>
  someNames(
    tables.map((table) => tableId(table)),
    NAMED,
  );

const withFlag = (code: 'capture.not_installed' | 'capture.not_deployed', message: string): SluiceError =>
  new SluiceError(code, message, {
    where: 'source',
    suggestion:
      'say --install-capture: it makes tables of our own there, and triggers on the tables that are copied',
  });

/** @throws SluiceError capture.not_installed, capture.not_deployed */
async function demandCapture({ triggers, select, signal }: OpenCapture): Promise<void> {
  if (!(await triggers.isInstalled(signal)))
    throw withFlag('capture.not_installed', 'nothing records the changes of the source yet');
  const plan = await triggers.plan(await select([]), signal);
  const missing = plan.triggers.filter(({ state }) => state !== 'unchanged' && state !== 'orphan');
  if (missing.length === 0) return;
  const tables = new Map(missing.map(({ table }) => [tableId(table), table]));
  throw withFlag('capture.not_deployed', `changes are not recorded of ${named([...tables.values()])}`);
}

function refuseFailed(outcomes: readonly DeployOutcome[]): void {
  for (const { table, error } of outcomes)
    if (error)
      throw new SluiceError('capture.not_deployed', `${tableId(table)}: ${error.message} [${error.code}]`, {
        table: tableId(table),
        ...(error.suggestion !== null && { suggestion: error.suggestion }),
      });
}

async function installCapture({ triggers, select, signal }: OpenCapture, output: Output): Promise<void> {
  const tables = await select([]);
  output.note(
    `at the source: tables of our own, and triggers on ${named(tables.map(({ table }) => table.table))}`,
  );
  await triggers.install(signal);
  const { refusals, warnings } = await triggers.plan(tables, signal);
  const [refused] = refusals;
  if (refused)
    throw new SluiceError('capture.table_unsupported', `${tableId(refused.table)}: ${refused.text}`, {
      table: tableId(refused.table),
      suggestion: `leave it out: --tables '!${tableId(refused.table)}'`,
    });
  for (const text of new Set(warnings.map((each) => each.text))) output.note(`! ${text}`);
  refuseFailed(await triggers.deploy(tables, signal));
}

/**
 * Sees that the changes of all tables of a copy are recorded, before it starts.
 * @param install  makes what is missing, and says what; without it that is an error
 * @throws SluiceError capture.*, database.permission_denied with the GRANT
 */
export const readyCapture = (
  config: Config,
  { install, output }: { readonly install: boolean; readonly output: Output },
): Promise<void> =>
  withCapture(config, SOURCE, (capture) =>
    install ? installCapture(capture, output) : demandCapture(capture),
  );

/**
 * Takes the capture out of the source when a copy has ended, with all that it recorded, unless somebody else uses it: it has lanes of other
 * transfers, or tables that are not of this copy.
 */
export const removeCapture = (
  config: Config,
  { transfer, output }: { readonly transfer: string; readonly output: Output },
): Promise<void> =>
  withCapture(config, SOURCE, async ({ triggers, changes, inspector, select, signal }) => {
    if (!(await triggers.isInstalled(signal))) return;
    await changes.unregister(transfer, signal);
    const lanes = (await inspector?.inspect(signal))?.lanes ?? [];
    const own = new Set((await select([])).map(({ table }) => tableId(table.table)));
    const foreign = (await triggers.captured(signal)).filter(({ table }) => !own.has(tableId(table)));
    if (lanes.length > 0 || foreign.length > 0) {
      output.note('the capture stays at the source: other transfers, or other tables, have it too');
      return;
    }
    await triggers.uninstall(signal);
    output.note('nothing of the capture is left at the source');
  });
