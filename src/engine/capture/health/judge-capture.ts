import type { StandingLane } from '../../ports/capture-inspector.ts';
import { addBacklogs, lagMsOf } from '../backlogs.ts';
import type { EndFacts, HealthFacts, TransferFacts } from './health-facts.ts';
import { HEALTH_LIMITS, type HealthLimits, type HealthWarning, warn } from './health-warnings.ts';
import { judgeSource } from './judge-source.ts';

const counted = (events: number): string => `${events} change${events === 1 ? '' : 's'}`;
const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;

function ofLane(
  { transfer, lane, owner, movedAt, backlog }: StandingLane,
  { nowMs }: HealthFacts,
  limits: HealthLimits,
): readonly HealthWarning[] {
  const lagMs = lagMsOf(backlog, nowMs);
  if (lagMs <= limits.stalledMs) return [];
  const about = `${transfer}, lane ${lane}`;
  const waits = `${counted(backlog.events)} wait, the oldest for ${seconds(lagMs)}`;
  const status = `sluice status ${transfer}`;
  const stillMs = movedAt === null ? lagMs : lagMsOf({ oldestAt: movedAt }, nowMs);
  if (owner === null) return [warn('lane.stalled', about, `${waits}, and nobody ever took the lane`, status)];
  if (stillMs > limits.stalledMs) {
    const still = `${waits}, and no claim was sealed or confirmed for ${seconds(stillMs)}`;
    return [warn('lane.stalled', about, still, status)];
  }
  if (lagMs <= limits.behindMs) return [];
  return [warn('lane.behind', about, `${waits}: it moves more slowly than the source changes`, status)];
}

function ofParked({ transfer, parked }: TransferFacts): readonly HealthWarning[] {
  const { final = 0, waiting = 0, behind = 0 } = parked ?? {};
  const list = `sluice errors list ${transfer}`;
  const refused = `${counted(final)} refused as often as is allowed, for a person to decide on`;
  const apart = `${counted(waiting + behind)} set apart, and tried again`;
  return [
    ...(final > 0 ? [warn('changes.final', transfer, refused, list)] : []),
    ...(waiting + behind > 0 ? [warn('changes.parked', transfer, apart, list)] : []),
  ];
}

/** Of one that has lanes and does not run: what is recorded for it stays until it moves. */
function ofStanding(
  { transfer, isConfigured, run }: TransferFacts,
  { capture, connection }: HealthFacts,
): readonly HealthWarning[] {
  const lanes = capture.lanes.filter((each) => each.transfer === transfer);
  if (lanes.length === 0 || run?.isRunning === true) return [];
  const waiting = counted(addBacklogs(lanes.map(({ backlog }) => backlog)).events);
  const release = `sluice capture release ${connection} ${transfer} --yes`;
  if (!isConfigured) {
    const kept = `the configuration has no such transfer of ${connection}, and ${waiting} are kept for it, and all that come`;
    return [warn('transfer.abandoned', transfer, kept, release)];
  }
  if (run === null) return [];
  const loads = capture.loads.filter((each) => each.transfer === transfer && !each.isDone).length;
  const isWaiting = lanes.some(({ backlog }) => backlog.events > 0);
  const unsent = `it does not run, and existing rows of ${loads} table${loads === 1 ? '' : 's'} are not all sent`;
  const start = `sluice start ${transfer}`;
  return [
    ...(isWaiting
      ? [
          warn(
            'transfer.not_running',
            transfer,
            `it does not run, and ${waiting} wait for it`,
            `${start}; where it is never to go on: ${release}`,
          ),
        ]
      : []),
    ...(loads > 0 ? [warn('load.waiting', transfer, unsent, start)] : []),
  ];
}

function ofRun({ transfer, run }: TransferFacts, { ends }: HealthFacts): readonly HealthWarning[] {
  if (!run?.isRunning) return [];
  // What hubs and targets say of themselves the transfer tells too.
  const told = new Set(ends.flatMap(({ warnings }) => warnings));
  const own = run.warnings.filter((text) => !told.has(text));
  return [
    ...run.unattended.map((queue) =>
      warn(
        'worker.missing',
        transfer,
        `no worker polls ${queue}: what waits there stands still`,
        'sluice worker',
      ),
    ),
    ...own.map((text) => warn('transfer.warning', transfer, text, `sluice status ${transfer}`)),
  ];
}

function ofEnd({ name, is, trouble, warnings }: EndFacts): readonly HealthWarning[] {
  if (!trouble) return warnings.map((text) => warn(`${is}.warning`, name, text, 'sluice doctor'));
  const { message, code, suggestion } = trouble;
  return [
    warn(`${is}.unreachable`, name, `${message} [${code}]`, suggestion ?? `sluice connection test ${name}`),
  ];
}

function ofTemporal({ temporal }: HealthFacts): readonly HealthWarning[] {
  if (!temporal) return [];
  const { message, code, suggestion } = temporal;
  return [warn('temporal.unreachable', 'temporal', `${message} [${code}]`, suggestion ?? 'sluice doctor')];
}

/** What is worth a person's look, the source first. Empty: all is well. */
export function judgeCapture(
  facts: HealthFacts,
  limits: HealthLimits = HEALTH_LIMITS,
): readonly HealthWarning[] {
  const { transfers, capture } = facts;
  // Why the lanes of the others stand is told of the transfer.
  const mayMove = new Set(
    transfers
      .filter(({ isConfigured, run }) => (isConfigured ? run?.isRunning !== false : run?.isRunning === true))
      .map(({ transfer }) => transfer),
  );
  return [
    ...judgeSource(facts, limits),
    ...transfers.flatMap((each) => [...ofStanding(each, facts), ...ofRun(each, facts), ...ofParked(each)]),
    ...capture.lanes
      .filter(({ transfer }) => mayMove.has(transfer))
      .flatMap((lane) => ofLane(lane, facts, limits)),
    ...ofTemporal(facts),
    ...facts.ends.flatMap(ofEnd),
  ];
}
