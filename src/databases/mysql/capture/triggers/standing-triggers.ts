import { createHash } from 'node:crypto';
import { type TableName, tableId } from '../../../../model/table-name.ts';
import type { Session } from '../../connections/session.ts';
import { literal } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { renderCreate, type TriggerText } from './render-triggers.ts';
import { isForgetting } from './replace-beside.ts';

/** A trigger as the server has it. */
export interface StandingTrigger {
  readonly table: TableName;
  readonly name: string;
  readonly sqlMode: string;
  /** `AFTER INSERT` */
  readonly when: string;
  readonly body: string;
  /** The statement that makes it, as the catalog prints it. */
  readonly text: string;
  /** It writes into our events, or stands beside one that does. */
  readonly isOurs: boolean;
}

/** Triggers of some schemas: one schema a statement, told as a constant (see catalogRows). */
export async function readStanding(
  session: Session,
  names: CaptureNames,
  schemas: readonly string[],
): Promise<readonly StandingTrigger[]> {
  const found: StandingTrigger[] = [];
  for (const schema of [...new Set(schemas)].sort()) {
    const { rows } = await session.query(
      `SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME, CONCAT(ACTION_TIMING, ' ', EVENT_MANIPULATION), ACTION_STATEMENT, SQL_MODE
       FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${literal(schema)} AND EVENT_OBJECT_SCHEMA = ${literal(schema)}
       ORDER BY BINARY EVENT_OBJECT_TABLE, BINARY TRIGGER_NAME`,
    );
    for (const row of rows) {
      const [table = '', name = '', when = '', body = '', sqlMode = ''] = row.map((cell) => cell ?? '');
      const of = { schema, name: table };
      found.push({
        table: of,
        name,
        sqlMode,
        when,
        body,
        text: renderCreate(of, { name, when, body }),
        isOurs: body.includes(`INSERT INTO ${names.events} `) || isForgetting(names, of, { name, body }),
      });
    }
  }
  return found;
}

/** What the installation has of the triggers of a table: hashes of how we said them, and of how the server printed them then. */
export interface Definitions {
  readonly wanted: Readonly<Record<string, string>>;
  readonly printed: Readonly<Record<string, string>>;
}

export const NO_DEFINITIONS: Definitions = { wanted: {}, printed: {} };

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const printed = ({ sqlMode, text }: StandingTrigger): string => hashOf(`${sqlMode}\n${text}`);

export const wantedOf = (table: TableName, texts: readonly TriggerText[]): Definitions['wanted'] =>
  Object.fromEntries(texts.map((text) => [text.name, hashOf(renderCreate(table, text))]));
export const printedOf = (standing: readonly StandingTrigger[]): Definitions['printed'] =>
  Object.fromEntries(standing.map((each) => [each.name, printed(each)]));

export const ofTable = (standing: readonly StandingTrigger[], table: TableName): readonly StandingTrigger[] =>
  standing.filter((each) => each.isOurs && tableId(each.table) === tableId(table));

/** The trigger stands as it was made when this text was wanted. */
export const isAsWanted = (
  { wanted, printed: before }: Definitions,
  text: string,
  standing: StandingTrigger,
): boolean => wanted[standing.name] === hashOf(text) && before[standing.name] === printed(standing);

/** They are all there as they were deployed. */
export function isIntact(definitions: Definitions, standing: readonly StandingTrigger[]): boolean {
  const names = Object.keys(definitions.printed);
  const now = printedOf(standing);
  return names.length === standing.length && names.every((name) => now[name] === definitions.printed[name]);
}
