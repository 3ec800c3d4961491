import { decodeLooked, runsAhead } from '../../../../engine/capture/id-gaps.ts';
import { decodeRuns, type Runs, unite } from '../../../../engine/capture/id-runs.ts';
import { decodeNumbers, type Needing } from '../../../../engine/capture/lane-tables.ts';
import type { Session } from '../../connections/session.ts';
import type { CaptureNames } from '../capture-names.ts';
import { renderNeeds } from '../sql/claims-sql.ts';

/**
 * What each lane needs: claims that are not expired, gaps, and all behind. Read at one moment, behind the look at the events that may
 * be freed: a lane that begins later has no right to what was there before.
 */
export async function readNeeds(
  session: Session,
  names: CaptureNames,
  retentionMs: number,
): Promise<readonly Needing[]> {
  const { rows } = await session.query(renderNeeds(names), { ageMs: String(Math.round(retentionMs)) });
  const found = new Map<string, { of: Omit<Needing, 'needed'>; runs: Runs[] }>();
  for (const [transfer, lane, tables, looked, runs] of rows) {
    const key = `${lane} ${transfer}`;
    const known = found.get(key) ?? {
      of: { transfer: transfer ?? '', lane: Number(lane), tables: decodeNumbers(tables) },
      runs: [runsAhead(decodeLooked(looked ?? ''))],
    };
    found.set(key, known);
    known.runs.push(decodeRuns(runs ?? ''));
  }
  return [...found.values()].map(({ of, runs }) => ({ ...of, needed: unite(...runs) }));
}
