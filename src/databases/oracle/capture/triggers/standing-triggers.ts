import { createHash } from 'node:crypto';
import { type TableName, tableId } from '../../../../model/table-name.ts';
import type { Session } from '../../connections/session.ts';
import type { CaptureNames } from '../capture-names.ts';
import { renderSources, renderStanding } from '../sql/trigger-catalog-sql.ts';

/** A trigger of ours as the server has it. */
export interface StandingTrigger {
  readonly table: TableName;
  readonly name: string;
  readonly isEnabled: boolean;
  /** It is compiled; else the next statement that fires it compiles it, or fails. */
  readonly isValid: boolean;
  /** As it was given, without `CREATE OR REPLACE`. */
  readonly text: string;
}

/** Triggers of our schema that call our package. */
export async function readStanding(
  session: Session,
  names: CaptureNames,
): Promise<readonly StandingTrigger[]> {
  const triggers = await session.run(renderStanding(names));
  if (triggers.rows.length === 0) return [];
  const sources = await session.run(renderSources(names));
  const texts = new Map<string, string>();
  for (const [name, line] of sources.rows)
    texts.set(name ?? '', (texts.get(name ?? '') ?? '') + (line ?? ''));
  return triggers.rows.flatMap(([name = '', schema = '', table = '', status, validity]) => {
    const text = (texts.get(name ?? '') ?? '').trimEnd();
    if (!text.includes(`${names.own}.WRITE_EVENTS(`)) return [];
    return [
      {
        table: { schema: schema ?? '', name: table ?? '' },
        name: name ?? '',
        isEnabled: status === 'ENABLED',
        isValid: validity === 'VALID',
        text,
      },
    ];
  });
}

/** What the installation has of the trigger of a table: hashes of how we said it, and of how the server printed it then. */
export interface Definitions {
  readonly wanted: string;
  readonly printed: string;
}

export const NO_DEFINITIONS: Definitions = { wanted: '', printed: '' };

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export const ofTable = (standing: readonly StandingTrigger[], table: TableName): readonly StandingTrigger[] =>
  standing.filter((each) => tableId(each.table) === tableId(table));

const isWhole = ({ isEnabled, isValid }: StandingTrigger): boolean => isEnabled && isValid;

/** The trigger stands as it was made when this text was wanted. */
export const isAsWanted = (
  { wanted, printed }: Definitions,
  text: string,
  standing: StandingTrigger | undefined,
): boolean =>
  standing !== undefined && isWhole(standing) && wanted === hashOf(text) && printed === hashOf(standing.text);

/** It is there as it was deployed, and no other beside it. */
export const isIntact = ({ printed }: Definitions, standing: readonly StandingTrigger[]): boolean =>
  standing.length === 1 && standing.every((each) => isWhole(each) && printed === hashOf(each.text));
