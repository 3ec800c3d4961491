import type { CapturePlace } from '../../model/capture-spec.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import { tableId } from '../../model/table-name.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { ChangeCapture } from '../ports/change-capture.ts';
import type { Database } from '../ports/dialect.ts';
import type { InitialLoad } from '../ports/initial-load.ts';
import type { Quarantine } from '../ports/quarantine.ts';
import type { CapturedTable, TriggerManager } from '../ports/trigger-manager.ts';
import type { SelectedTable } from './select-tables.ts';

export const movesRows = ({ mode = 'snapshot' }: Pick<TransferSpec, 'mode'>): boolean => mode !== 'changes';
export const movesChanges = ({ mode = 'snapshot' }: Pick<TransferSpec, 'mode'>): boolean =>
  mode !== 'snapshot';

export interface Capture {
  readonly triggers: TriggerManager;
  readonly changes: ChangeCapture;
  readonly loads?: InitialLoad;
  readonly quarantine?: Quarantine;
}

/** @throws SluiceError capture.table_unsupported where the database has no capture */
export function captureOf(source: Database, place: CapturePlace): Capture {
  const capture = source.capture?.(place);
  if (capture) return capture;
  throw new SluiceError(
    'capture.table_unsupported',
    `changes of ${source.dialect.name} cannot be captured yet`,
    { suggestion: 'mode: snapshot' },
  );
}

const notDeployed = (spec: TransferSpec, tables: readonly string[], why: string): SluiceError =>
  new SluiceError('capture.not_deployed', `${why}: ${tables.slice(0, 10).join(', ')}`, {
    ...(tables[0] !== undefined && { table: tables[0] }),
    where: spec.source,
    suggestion: `sluice capture deploy ${spec.source}`,
  });

/** @throws SluiceError config.invalid for what a change cannot be asked: it has no query, and is not among the first rows */
function refuseSelection({ table, selection }: SelectedTable): void {
  const said = (['query', 'limit'] as const).find((key) => selection[key] !== undefined);
  if (said === undefined) return;
  throw new SluiceError('config.invalid', `"${said}" means nothing for changes of ${tableId(table)}`, {
    table: tableId(table),
    suggestion: 'leave it to a transfer with mode: snapshot',
  });
}

/** A row that the condition of one side has and of the other has not would be changed and never copied, or copied and never changed. */
function refuseOtherCondition({ table, selection }: SelectedTable, captured: CapturedTable): void {
  if ((selection.where ?? null) === (captured.spec.where ?? null)) return;
  throw new SluiceError(
    'config.invalid',
    `the transfer and the capture of ${tableId(table)} have other conditions ("where")`,
    { table: tableId(table), suggestion: 'say the same in both' },
  );
}

/**
 * The captured tables of what a transfer selects, in its order.
 * @throws SluiceError capture.not_installed, capture.not_deployed, config.invalid
 */
export async function capturedTables(
  { triggers }: Pick<Capture, 'triggers'>,
  spec: TransferSpec,
  selected: readonly SelectedTable[],
  signal: AbortSignal,
): Promise<readonly CapturedTable[]> {
  if (!(await triggers.isInstalled(signal)))
    throw new SluiceError('capture.not_installed', 'nothing is captured at this source', {
      where: spec.source,
      suggestion: `sluice capture install ${spec.source} && sluice capture deploy ${spec.source}`,
    });
  for (const each of selected) refuseSelection(each);
  const byId = new Map((await triggers.captured(signal)).map((each) => [tableId(each.table), each]));
  const ids = selected.map(({ table }) => tableId(table));
  const missing = ids.filter((id) => !byId.has(id));
  if (missing.length > 0) throw notDeployed(spec, missing, 'tables are not captured');
  const broken = ids.filter((id) => byId.get(id)?.intact !== true);
  if (broken.length > 0) throw notDeployed(spec, broken, 'triggers are missing, disabled or not as deployed');
  return selected.map((each) => {
    const captured = byId.get(tableId(each.table)) as CapturedTable;
    refuseOtherCondition(each, captured);
    return captured;
  });
}
