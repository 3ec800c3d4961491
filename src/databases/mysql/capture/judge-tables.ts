import { recordedColumns } from '../../../engine/capture/triggers/recorded-columns.ts';
import type { TableToCapture } from '../../../engine/ports/trigger-manager.ts';
import { type TableName, tableId } from '../../../model/table-name.ts';
import type { Session } from '../connections/session.ts';
import { literal } from '../sql/names.ts';
import { reading } from '../types/reading.ts';
import type { CaptureNames } from './capture-tables.ts';
import type { Edge } from './triggers/cascades.ts';
import type { StandingTrigger } from './triggers/standing-triggers.ts';
import { SEEN } from './triggers/subject.ts';
import { TRIGGER_KINDS, triggerName } from './trigger-names.ts';

/** What the catalog says of a table besides its structure. */
export interface TableFacts {
  readonly engine: string | null;
  readonly type: string;
}

/** By table ids; of a table that is not there nothing. */
export async function readFacts(
  session: Session,
  tables: readonly TableName[],
): Promise<ReadonlyMap<string, TableFacts>> {
  const found = new Map<string, TableFacts>();
  for (const schema of new Set(tables.map((table) => table.schema))) {
    const names = tables.filter((table) => table.schema === schema).map(({ name }) => literal(name));
    const { rows } = await session.query(
      `SELECT TABLE_NAME, ENGINE, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${literal(schema)} AND TABLE_NAME IN (${names.join(', ')})`,
    );
    for (const [name, engine, type] of rows)
      found.set(tableId({ schema, name: name ?? '' }), { engine: engine ?? null, type: type ?? '' });
  }
  return found;
}

/** Why the table cannot be captured as it is; what cascades do is said by findCascades. */
export function refusalsOf(
  names: CaptureNames,
  { table, spec }: TableToCapture,
  known: { readonly facts: TableFacts | undefined; readonly standing: readonly StandingTrigger[] },
): readonly string[] {
  const { facts, standing } = known;
  if (!facts) return ['it is not there'];
  if (facts.type.endsWith('VIEW')) return ['a view has no rows of its own: capture the tables under it'];
  if ((facts.engine ?? '').toLowerCase() !== 'innodb')
    return [
      `its engine is ${facts.engine ?? 'unknown'}, which has no transactions: a change would stay where its event is undone`,
    ];
  const own = new Set(TRIGGER_KINDS.map((kind) => triggerName(names, table.table, kind)));
  const clashes = standing.filter(
    ({ name, isOurs, table: of }) => !isOurs && of.schema === table.table.schema && own.has(name),
  );
  const keyless = table.primaryKey === null;
  const unknown = recordedColumns({ table, spec }).filter((column) => reading(column) === null);
  return [
    ...clashes.map(({ name }) => `there is a trigger ${name} that is not ours: rename that one`),
    ...(keyless && spec.key === 'primary' ? ['key: primary, and it has no primary key'] : []),
    ...(keyless && spec.payload === 'key' ? ['payload: key, and it has no primary key'] : []),
    ...unknown.map(
      ({ name, type }) => `the type ${type} of ${name} is none that is known: exclude the column`,
    ),
  ];
}

/** What capture by triggers does not see of the table, or what to mind. */
export function warningsOf({ table, spec }: TableToCapture, edges: readonly Edge[]): readonly string[] {
  const id = tableId(table.table);
  const generated = table.columns.flatMap(({ name, generated: from }) => (from === null ? [] : [name]));
  const deletes = (spec.operations ?? SEEN).includes('delete');
  const takes = edges.filter(({ parent }) => parent === id);
  const found: readonly (readonly [boolean, string])[] = [
    [
      table.primaryKey === null,
      'it has no primary key: its events have no order of their own, and a target deletes a row by all that is recorded of it',
    ],
    [deletes, 'TRUNCATE fires no trigger here: it is not recorded, and leaves the rows at the target'],
    [
      table.kind === 'partitioned',
      'DROP, TRUNCATE and EXCHANGE PARTITION fire no trigger here: they are not recorded',
    ],
    [spec.operations?.includes('truncate') ?? false, 'operations: truncate is recorded on PostgreSQL alone'],
    [spec.form === 'statement', 'form: statement is for PostgreSQL: here triggers fire for each row'],
    [generated.length > 0, `generated columns are not recorded: ${generated.join(', ')}`],
    [
      takes.length > 0,
      `its triggers record what its foreign keys do to ${[...new Set(takes.map(({ child }) => child))].join(', ')}; DELETE IGNORE of a row that another key keeps records it too, though nothing happened`,
    ],
  ];
  return found.flatMap(([isSo, text]) => (isSo ? [text] : []));
}
