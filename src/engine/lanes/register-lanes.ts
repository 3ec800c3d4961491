import { SluiceError } from '../../model/sluice-error.ts';
import { someNames } from '../../model/some-names.ts';
import { tableId } from '../../model/table-name.ts';
import { DEFAULTS, type TransferSpec } from '../../model/transfer-spec.ts';
import { type Capture, capturedTables, movesRows } from '../planning/changes-of-transfer.ts';
import { isKeyless } from '../planning/keyless-tables.ts';
import type { SelectedTable } from '../planning/select-tables.ts';
import type { LaneTables } from '../ports/change-capture.ts';
import { type AssignedLanes, assignLanes } from './assign-lanes.ts';
import type { TableJoin } from './table-joins.ts';

export interface LanesRequest {
  readonly transfer: string;
  readonly spec: TransferSpec;
  /** All rows are about to be copied: what was registered for an earlier run is of no use. */
  readonly isNew: boolean;
  /** Tables that refer to each other; topics ask for no order between tables. */
  readonly joins: readonly TableJoin[];
}

/** A lane of a transfer's changes with the tables that the transfer takes of it, by their ids. */
export interface ChangesLane {
  readonly lane: number;
  readonly tables: readonly string[];
}

export interface RegisteredLanes {
  readonly lanes: readonly ChangesLane[];
  readonly warnings: readonly string[];
}

const mostLanes = ({ changes }: TransferSpec): number =>
  changes?.ordering === 'transaction' ? 1 : (changes?.lanes ?? DEFAULTS.lanes);

/** Transactions are whole in one lane only, and the lanes that stand cannot be brought together. */
function refuseSeveral({ transfer, spec }: LanesRequest, { lanes }: AssignedLanes): void {
  if (spec.changes?.ordering !== 'transaction' || lanes.length <= 1) return;
  throw new SluiceError(
    'config.invalid',
    `changes.ordering is transaction, which needs one lane, and the changes of the transfer would have ${lanes.length}`,
    {
      where: `transfers.${transfer}`,
      suggestion: `another ordering; or begin anew, with sluice capture release ${spec.source} ${transfer} and a copy of all rows`,
    },
  );
}

/** A table under another number was captured anew: what changed in between nobody has, and a new lane would not tell. */
async function refuseRecaptured(
  { triggers }: Pick<Capture, 'triggers'>,
  standing: readonly LaneTables[],
  signal: AbortSignal,
): Promise<void> {
  const numbers = new Set((await triggers.captured(signal)).map(({ number }) => number));
  if (standing.every(({ tables }) => tables.every((number) => numbers.has(number)))) return;
  throw new SluiceError(
    'capture.resync_required',
    'tables of the transfer were taken out of the capture, and others or the same ones came into it',
  );
}

const NAMED = 5;

/**
 * Joins between lanes: a foreign key, or a table, that came after the lanes were made. Lanes are for ever, so nothing keeps the order
 * between the two tables.
 * @throws SluiceError capture.lanes_parted where the target checks it
 */
function judgeParted(joins: readonly TableJoin[]): readonly string[] {
  const [checked] = joins.filter(({ atTarget }) => atTarget);
  if (checked)
    throw new SluiceError(
      'capture.lanes_parted',
      `a foreign key at the target leads from ${checked.child} to ${checked.parent}, whose changes come in another lane`,
      { table: checked.child },
    );
  if (joins.length === 0) return [];
  const named = joins.map(({ child, parent }) => `${child} → ${parent}`);
  return [
    `foreign keys lead from one lane of changes to another, for they came later: ${someNames(named, NAMED)}; the order of changes is kept within a lane only, so make them at the target after the cut-over`,
  ];
}

/**
 * From its commit on every change of the tables stays at the source until it is where it goes. Before the first row is read, so that
 * what changes while rows are copied is applied after them. The lanes are made once and stand from then on; tables that come later get
 * lanes of their own. Idempotent.
 * @throws SluiceError capture.*, config.invalid
 */
export async function registerLanes(
  capture: Capture,
  request: LanesRequest,
  selected: readonly SelectedTable[],
  signal: AbortSignal,
): Promise<RegisteredLanes> {
  const { transfer, spec, isNew, joins } = request;
  const captured = await capturedTables(capture, spec, selected, signal);
  if (isNew) await capture.changes.unregister(transfer, signal);
  const standing = await capture.changes.lanes(transfer, signal);
  const numberOf = new Map(captured.map(({ table, number }) => [tableId(table), number]));
  const numbered = joins.flatMap((join) => {
    const child = numberOf.get(join.child);
    const parent = numberOf.get(join.parent);
    return child === undefined || parent === undefined ? [] : [{ join, pair: [child, parent] as const }];
  });
  // What is copied of it and what changes meet at a snapshot of their own.
  const alone = movesRows(spec) && !spec.topics ? captured.filter(isKeyless).map(({ number }) => number) : [];
  const assigned = assignLanes({
    tables: [...numberOf.values()],
    alone,
    joins: numbered.map(({ pair }) => pair),
    standing,
    most: mostLanes(spec),
  });
  refuseSeveral(request, assigned);
  if (assigned.lanes.length > standing.length) await refuseRecaptured(capture, standing, signal);
  const parted = new Set(assigned.parted);
  const isKnown = ({ join, pair }: (typeof numbered)[number]): boolean =>
    join.atTarget || !pair.some((number) => alone.includes(number));
  const told = numbered.filter((each) => parted.has(each.pair) && isKnown(each));
  const warnings = judgeParted(told.map(({ join }) => join));
  await capture.changes.register(transfer, assigned.lanes, signal);
  const idOf = new Map([...numberOf].map(([id, number]) => [number, id]));
  return {
    lanes: assigned.lanes.map(({ lane, tables }) => ({
      lane,
      tables: tables.flatMap((number) => idOf.get(number) ?? []),
    })),
    warnings,
  };
}
