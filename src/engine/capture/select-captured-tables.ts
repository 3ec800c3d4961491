import type { CapturedTableSpec, CaptureSpec } from '../../model/capture-spec.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import { type TableName, tableId } from '../../model/table-name.ts';
import { chooseByPatterns } from '../planning/select-tables.ts';
import type { Database } from '../ports/dialect.ts';
import type { TableToCapture } from '../ports/trigger-manager.ts';

export interface CaptureRequest {
  /** Name of the source's connection. */
  readonly connection: string;
  readonly spec: CaptureSpec;
  /** Patterns of those that are meant; empty: all. */
  readonly only: readonly string[];
}

/** Tables that patterns name. @throws SluiceError source.table_not_found where none is */
export function chooseNamed(
  available: readonly TableName[],
  only: readonly string[],
  from: { readonly connection: string; readonly defaultSchema?: string | undefined },
): readonly TableName[] {
  const patterns = Object.fromEntries(only.map((pattern) => [pattern, true]));
  const named = chooseByPatterns(patterns, available, { defaultSchema: undefined, ...from });
  if (named.length > 0) return named.map(({ table }) => table);
  throw new SluiceError('source.table_not_found', 'no table of the capture is named', {
    where: `captures.${from.connection}`,
  });
}

/**
 * The tables of a source whose changes are to be recorded, in name order, as the source has them now.
 * @throws SluiceError source.table_not_found
 */
export async function selectCapturedTables(
  source: Pick<Database, 'introspector' | 'defaultSchema'>,
  request: CaptureRequest,
  signal: AbortSignal,
): Promise<readonly TableToCapture[]> {
  const { connection, spec, only } = request;
  const from = { connection, defaultSchema: source.defaultSchema };
  const names = (await source.introspector.listTables(signal)).map(({ table }) => table);
  const chosen = chooseByPatterns<CapturedTableSpec>(spec.tables, names, from);
  const available = chosen.map(({ table }) => table);
  const meant = only.length === 0 ? available : chooseNamed(available, only, from);
  const byId = new Map(chosen.map(({ table, selection }) => [tableId(table), selection]));
  const tables = await source.introspector.describeTables(meant, signal);
  return tables.map((table) => ({ table, spec: byId.get(tableId(table.table)) ?? {} }));
}
