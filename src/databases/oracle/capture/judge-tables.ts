import { payloadColumns, recordedColumns } from '../../../engine/capture/triggers/recorded-columns.ts';
import type { TableToCapture } from '../../../engine/ports/trigger-manager.ts';
import { type TableName, tableId } from '../../../model/table-name.ts';
import type { Session } from '../connections/session.ts';
import { catalogRows } from '../sql/catalog-queries.ts';
import type { CaptureNames } from './capture-names.ts';
import { OTHER_TRIGGERS, TABLE_FACTS } from './sql/trigger-catalog-sql.ts';
import { isLongColumn, recordedAs } from './triggers/recorded-value.ts';
import { SEEN } from './triggers/subject.ts';

/** What the catalog says of a table besides its structure. */
export interface TableFacts {
  readonly isTemporary: boolean;
  readonly isDeferrable: boolean;
  /** Triggers of others that act behind a statement. */
  readonly behind: readonly string[];
}

/** By table ids; of a table that is not there nothing. */
export async function readFacts(
  session: Session,
  names: CaptureNames,
  tables: readonly TableName[],
): Promise<ReadonlyMap<string, TableFacts>> {
  const found = await catalogRows(session, TABLE_FACTS, tables);
  const others = await catalogRows(session, OTHER_TRIGGERS, tables);
  const idOf = (row: Readonly<Record<string, string | null>>): string =>
    tableId({ schema: row['schema'] ?? '', name: row['table'] ?? '' });
  return new Map(
    found.map((row) => [
      idOf(row),
      {
        isTemporary: row['temporary'] === 'Y',
        isDeferrable: row['deferrable'] === 'DEFERRABLE',
        behind: others
          .filter((each) => idOf(each) === idOf(row) && each['owner'] !== names.schema)
          .map((each) => `${each['owner']}.${each['name']}`),
      },
    ]),
  );
}

/** Why the table cannot be captured as it is. */
export function refusalsOf(
  { table, spec }: TableToCapture,
  facts: TableFacts | undefined,
): readonly string[] {
  if (!facts) return ['it is not there, or our user may not read it'];
  if (facts.isTemporary) return ['it is temporary: each session has rows of its own'];
  const keyless = table.primaryKey === null;
  const unknown = recordedColumns({ table, spec }).filter((column) => recordedAs(column) === null);
  const found: readonly (readonly [boolean, string])[] = [
    [
      facts.isDeferrable,
      'its primary key is deferrable: two rows may have one key for a while, and their changes tell nobody which of them stays',
    ],
    [keyless && spec.key === 'primary', 'key: primary, and it has no primary key'],
    [keyless && spec.payload === 'key', 'payload: key, and it has no primary key'],
    [
      payloadColumns({ table, spec }).some(
        (column) => isLongColumn(column) && table.primaryKey?.columns.includes(column.name) === true,
      ),
      'its key has a large object',
    ],
  ];
  return [
    ...found.flatMap(([isSo, text]) => (isSo ? [text] : [])),
    ...unknown.map(
      ({ name, type }) => `the type ${type} of ${name} is none that a trigger can record: exclude the column`,
    ),
  ];
}

/** The manual gives so many bytes to a trigger; servers take more. */
const USUAL_BYTES = 32 * 1024;

/** What capture by triggers does not see of the table, or what to mind. @param text  of its trigger */
export function warningsOf(
  { table, spec }: TableToCapture,
  facts: TableFacts,
  text: string,
): readonly string[] {
  const generated = table.columns.flatMap(({ name, generated: from }) => (from === null ? [] : [name]));
  const long = recordedColumns({ table, spec }).filter(isLongColumn);
  const found: readonly (readonly [boolean, string])[] = [
    [
      table.primaryKey === null,
      'it has no primary key: its events have no order of their own, and a target deletes a row by all that is recorded of it',
    ],
    [
      (spec.operations ?? SEEN).includes('delete'),
      'TRUNCATE fires no trigger here: it is not recorded, and leaves the rows at the target',
    ],
    [
      table.kind === 'partitioned',
      'DROP, TRUNCATE and EXCHANGE PARTITION fire no trigger here: they are not recorded',
    ],
    [
      long.length > 0,
      `what is written into a large object in place (DBMS_LOB.WRITE, streams of a driver) fires no trigger: ${long.map(({ name }) => name).join(', ')}`,
    ],
    [spec.operations?.includes('truncate') ?? false, 'operations: truncate is recorded on PostgreSQL alone'],
    [
      spec.form === 'statement',
      'form: statement is for PostgreSQL: here one trigger collects what a statement changes',
    ],
    [generated.length > 0, `virtual columns are not recorded: ${generated.join(', ')}`],
    [
      facts.behind.length > 0,
      `where one of its own triggers (${facts.behind.join(', ')}) changes, behind a statement that changed keys, those rows again, this may be recorded before it`,
    ],
    [
      Buffer.byteLength(text) > USUAL_BYTES,
      'its trigger is longer than the 32 KiB that the manual gives to one: whether the server takes it is told by deploy',
    ],
  ];
  return found.flatMap(([isSo, what]) => (isSo ? [what] : []));
}

/** Of every table. */
export const ALWAYS = [
  'SQL*Loader and Data Pump by direct path fire no trigger: what they load is not recorded',
  'a recorded column that is dropped or renamed leaves the trigger invalid, and statements of the application fail with ORA-04098: drop the capture of the table before, and deploy it anew behind',
] as const;
