import type { CapturedTableSpec } from '../../../model/capture-spec.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Session } from '../connections/session.ts';
import { literal } from '../sql.ts';
import type { StoredValue } from '../values/stored-value.ts';
import { CAPTURE_VERSION, captureTables } from './capture-tables.ts';
import type { CapturedShape, TableFacts } from './captured-shape.ts';
import { isOurTrigger, type TriggerText } from './triggers/render-triggers.ts';

/** A table as the installation has it. */
export interface StoredTable {
  readonly number: number;
  readonly name: string;
  readonly spec: CapturedTableSpec;
  readonly layout: number;
  readonly shape: CapturedShape;
  /** Triggers as they were deployed. */
  readonly definitions: readonly TriggerText[];
}

export interface StandingTrigger extends TriggerText {
  readonly table: string;
  /**
   * No trigger of the application on its table was made later. SQLite runs the newest first, which no document promises: ours do not
   * rely on it, but RAISE(IGNORE) and FAIL in a trigger before them would keep them from running.
   */
  readonly isNewest: boolean;
}

/** What of ours stands in the file. */
export interface CapturedState {
  readonly tables: readonly StoredTable[];
  readonly triggers: readonly StandingTrigger[];
  /** The number that the next new table gets. */
  readonly nextNumber: number;
  /** Texts of all tables of the file by their names. */
  readonly texts: ReadonlyMap<string, string>;
  readonly facts: ReadonlyMap<string, TableFacts>;
}

const text = (value: StoredValue | undefined): string => String(value ?? '');

export async function isInstalled(session: Session, prefix: string): Promise<boolean> {
  const [found] = await session.rows(
    `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ${literal(`${prefix}installation`)}`,
  );
  return found !== undefined;
}

/** Of which version the installation is, which there is. */
export async function readVersion(session: Session, prefix: string): Promise<number> {
  const [row] = await session.rows(`SELECT version FROM ${captureTables(prefix).installation}`);
  return Number(row?.[0] ?? 0);
}

/** @throws SluiceError capture.not_installed, also for an installation of before, which lacks something of what is relied on */
export async function requireCurrent(session: Session, prefix: string): Promise<void> {
  await requireInstalled(session, prefix);
  if ((await readVersion(session, prefix)) >= CAPTURE_VERSION) return;
  throw new SluiceError('capture.not_installed', 'the capture in this file is of an earlier version', {
    suggestion: 'sluice capture install brings it up to date, and keeps what it has',
  });
}

/** @throws SluiceError capture.not_installed */
export async function requireInstalled(session: Session, prefix: string): Promise<void> {
  if (await isInstalled(session, prefix)) return;
  throw new SluiceError('capture.not_installed', 'no capture is installed in this file');
}

/** Tables that are captured, or those that were, as long as there is something of their events. */
export async function storedTables(
  session: Session,
  prefix: string,
  { dropped }: { readonly dropped: boolean },
): Promise<readonly StoredTable[]> {
  const { captured, layouts } = captureTables(prefix);
  const rows = await session.rows(
    `SELECT number, table_name, spec, layout, definitions, shape FROM ${captured} JOIN ${layouts} USING (number, layout) WHERE dropped_at IS ${dropped ? 'NOT ' : ''}NULL ORDER BY number`,
  );
  return rows.map(([number, name, spec, layout, definitions, shape]) => ({
    number: Number(number),
    name: text(name),
    spec: JSON.parse(text(spec)) as CapturedTableSpec,
    layout: Number(layout),
    definitions: JSON.parse(text(definitions)) as TriggerText[],
    shape: JSON.parse(text(shape)) as CapturedShape,
  }));
}

export async function readTriggers(session: Session, prefix: string): Promise<readonly StandingTrigger[]> {
  const rows = await session.rows(
    `SELECT name, lower(tbl_name), tbl_name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid DESC`,
  );
  const ofOthers = new Set<string>();
  const found: StandingTrigger[] = [];
  for (const [name, folded, table, sql] of rows) {
    if (isOurTrigger(prefix, text(name)))
      found.push({
        name: text(name),
        table: text(table),
        sql: text(sql),
        isNewest: !ofOthers.has(text(folded)),
      });
    else ofOthers.add(text(folded));
  }
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** All that a plan is compared with; of a file without a capture as much as there is. */
export async function readState(session: Session, prefix: string): Promise<CapturedState> {
  const installed = await isInstalled(session, prefix);
  // Rows of tables that are captured no more stay: no number comes again.
  const last = `SELECT coalesce(max(number), 0) FROM ${captureTables(prefix).captured}`;
  const [highest] = installed ? await session.rows(last) : [];
  const schema = await session.rows(
    `SELECT s.name, s.sql, l.wr, l.strict FROM sqlite_schema AS s JOIN pragma_table_list AS l ON l.schema = 'main' AND l.name = s.name WHERE s.type = 'table'`,
  );
  return {
    tables: installed ? await storedTables(session, prefix, { dropped: false }) : [],
    triggers: await readTriggers(session, prefix),
    nextNumber: Number(highest?.[0] ?? 0n) + 1,
    texts: new Map(schema.map(([name, sql]) => [text(name), text(sql)])),
    facts: new Map(
      schema.map(([name, , wr, strict]) => [text(name), { withoutRowid: wr === 1n, strict: strict === 1n }]),
    ),
  };
}
