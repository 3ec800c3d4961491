import { payloadColumns, recordedColumns } from '../../../engine/capture/triggers/recorded-columns.ts';
import type { TableToCapture } from '../../../engine/ports/trigger-manager.ts';
import type { TableSchema } from '../../../model/table-schema.ts';
import { rowidName } from '../sql.ts';
import { affinityOf } from '../values/affinity.ts';

/** What of a table no TableSchema tells. */
export interface TableFacts {
  readonly withoutRowid: boolean;
  readonly strict: boolean;
}

/** How the rows of one layout are to be read: stored with it, for a table may be altered before its events are read. */
export interface CapturedShape {
  readonly columns: readonly { readonly name: string; readonly type: string; readonly exact: boolean }[];
  /** Columns of the primary key; none where there is none. */
  readonly key: readonly string[];
  /** Names of the values that stand behind the columns. */
  readonly expressions: readonly string[];
  /** `recorded`: the event has it in a column of its own. */
  readonly messageKey: 'primary' | 'none' | 'recorded' | { readonly fixed: string };
}

export function shapeOf(request: TableToCapture, facts: TableFacts): CapturedShape {
  const { table, spec } = request;
  const key = table.primaryKey?.columns ?? [];
  const chosen = spec.key ?? (key.length > 0 ? 'primary' : 'none');
  return {
    columns: payloadColumns(request).map(({ name, type }) => ({ name, type, exact: isExact(type, facts) })),
    key,
    expressions: spec.payload === 'key' ? [] : Object.keys(spec.expressions ?? {}),
    messageKey:
      typeof chosen === 'object'
        ? 'fixed' in chosen
          ? { fixed: chosen.fixed }
          : 'recorded'
        : chosen === 'primary'
          ? 'primary'
          : 'none',
  };
}

/** Whether the column keeps values as they come. ANY does in a STRICT table, and makes numbers of texts in any other. */
export function isExact(type: string, { strict }: TableFacts): boolean {
  return type.trim().toUpperCase() === 'ANY' ? strict : affinityOf(type) === 'exact';
}

/** By what a row is found again: the columns that are the rowid or the key of a table without one, or a name of the rowid. */
export function rowAddress(table: TableSchema, { withoutRowid }: TableFacts): readonly string[] | null {
  if (withoutRowid) return table.primaryKey?.columns ?? null;
  const alias = table.columns.find(({ identity }) => identity !== null);
  const name = alias?.name ?? rowidName(table.columns.map((column) => column.name));
  return name === null ? null : [name];
}

/** Columns that we add to what we keep of old rows. */
export const OWN_COLUMNS = { place: 'sluice_place', flags: 'sluice_flags', rowid: 'sluice_rowid' } as const;

export interface Judgement {
  readonly warnings: readonly string[];
  readonly refusals: readonly string[];
}

/** What keeps a table from being captured, and what capture does not do for it. */
export function judge({ table, spec }: TableToCapture, facts: TableFacts): Judgement {
  const hasKey = table.primaryKey !== null;
  const own = Object.values(OWN_COLUMNS) as readonly string[];
  const clash = table.columns.find(({ name }) => own.includes(name.toLowerCase()));
  const generated = table.columns.filter((column) => column.generated !== null);
  const warnings = [
    ...(hasKey
      ? []
      : [
          'it has no primary key: its events have no order of their own, and a target deletes a row by all that is recorded of it',
        ]),
    ...(generated.length === 0
      ? []
      : [`generated columns are not recorded: ${generated.map(({ name }) => name).join(', ')}`]),
    ...(spec.recordTransaction === true ? ['SQLite has no numbers of transactions: none is recorded'] : []),
    ...(spec.form === 'statement' ? ['triggers fire for each row: SQLite has no others'] : []),
    ...(spec.operations?.includes('truncate') === true ? ['SQLite has no TRUNCATE'] : []),
  ];
  const refusals = [
    ...(spec.key === 'transaction' ? ['key: SQLite has no numbers of transactions'] : []),
    ...(spec.key === 'primary' && !hasKey ? ['key: the table has no primary key'] : []),
    ...(spec.payload === 'key' && !hasKey ? ['payload: the table has no primary key'] : []),
    ...(rowAddress(table, facts) === null
      ? ['its columns hide every name of the rowid, or its primary key compares otherwise than they do']
      : []),
    ...(clash === undefined ? [] : [`its column ${clash.name} has a name that the capture needs`]),
    ...(hasKey || recordedColumns({ table, spec }).length > 0 ? [] : ['no column of it is recorded']),
  ];
  return { warnings, refusals };
}
