import { type TableName, tableId } from '../../model/table-name.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { ForeignKeySchema } from '../../model/table-schema.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { Database } from '../ports/dialect.ts';
import type { StandingForeignKey } from '../ports/target-structure.ts';
import type { Naming } from '../planning/target-names.ts';
import { foreignKeyMeaning } from './compare-structure.ts';
import { targetForeignKeys } from './planned-structure.ts';

/** The tables of a transfer at its ends. */
export interface TransferTables {
  readonly naming: Naming;
  /** Source tables by the id of their target. */
  readonly sources: ReadonlyMap<string, TableName>;
}

interface Request {
  readonly plan: TablePlan;
  readonly spec: Pick<TransferSpec, 'structure'>;
  readonly tables: TransferTables;
}

const idOf = ({ table, key }: StandingForeignKey): string => `${tableId(table)} ${foreignKeyMeaning(key)}`;

/** What the key made again would not have: a deferred check, MATCH FULL, columns of its own that are set. */
const keepsMore = (standing: ForeignKeySchema, again: ForeignKeySchema): boolean =>
  (standing.checked !== 'at-once' && standing.checked !== again.checked) ||
  (standing.match === 'full' && standing.columns.length > 1 && again.match !== 'full') ||
  (standing.onDeleteColumns !== undefined &&
    standing.onDeleteColumns.join('\n') !== again.onDeleteColumns?.join('\n'));

/**
 * Foreign keys that stand at the target between tables of the transfer, of this one or to it, and that the source has too: rows
 * come in no order that would keep them, so they are dropped and made again when all are there. Others are left alone.
 * @see docs/decisions/foreign-keys-are-dropped-and-made-again.md
 */
export async function keysInTheWay(
  { source, target }: { readonly source: Database; readonly target: Database },
  { plan, spec, tables }: Request,
  signal: AbortSignal,
): Promise<readonly StandingForeignKey[]> {
  const { structure } = target;
  const { policy, foreignKeys } = spec.structure ?? {};
  if (!structure || structure.foreignKeysWhileLoading === 'ignored') return [];
  if (policy === 'verify' || foreignKeys === false) return [];
  const standing = (await structure.standingForeignKeys(plan, signal)).filter(({ table, key }) =>
    [table, key.references].every((name) => tables.sources.has(tableId(name))),
  );
  if (standing.length === 0) return [];
  const children = new Map(standing.map(({ table }) => [tableId(table), table]));
  const names = [...children.keys()].flatMap((id) => tables.sources.get(id) ?? []);
  const madeAgain = new Map(
    (await source.introspector.describeTables(names, signal)).flatMap((schema) => {
      const child = tables.naming.table(schema.table);
      if (child === null) return [];
      return targetForeignKeys(schema, tables.naming).map((wanted) => {
        const key = structure.foreignKeyAsMade?.(wanted) ?? wanted;
        return [idOf({ table: child, key }), key] as const;
      });
    }),
  );
  return standing.filter((each) => {
    const again = madeAgain.get(idOf(each));
    return again !== undefined && !keepsMore(each.key, again);
  });
}
