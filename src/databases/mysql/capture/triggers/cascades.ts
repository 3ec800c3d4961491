import type { TableToCapture } from '../../../../engine/ports/trigger-manager.ts';
import { tableId } from '../../../../model/table-name.ts';
import type { ForeignKeyAction } from '../../../../model/table-schema.ts';
import { userSqlOf } from './subject.ts';
import { isComparison } from './user-sql.ts';

/** A foreign key by which rows of the child go or change with those of the parent. Tables by their ids. */
export interface Edge {
  readonly name: string;
  readonly parent: string;
  readonly child: string;
  readonly columns: readonly string[];
  readonly references: readonly string[];
  readonly onDelete: ForeignKeyAction;
  readonly onUpdate: ForeignKeyAction;
}

const acts = (action: ForeignKeyAction): boolean => action !== 'no action' && action !== 'restrict';

/** Of an edge from a table to itself no update is passed on: InnoDB refuses it. */
const passesUpdate = ({ parent, child, onUpdate }: Edge): boolean => acts(onUpdate) && parent !== child;

const edgesOf = (tables: readonly TableToCapture[]): readonly Edge[] =>
  tables.flatMap(({ table }) =>
    table.foreignKeys
      .map((key) => ({
        name: key.name,
        parent: tableId(key.references),
        child: tableId(table.table),
        columns: key.columns,
        references: key.referencedColumns,
        onDelete: key.onDelete,
        onUpdate: key.onUpdate,
      }))
      .filter((edge) => acts(edge.onDelete) || passesUpdate(edge)),
  );

/** From a table to another one, by keys that delete, but for the last ones, which are all of one parent and may do something else. */
export interface Route {
  readonly path: readonly Edge[];
  readonly last: readonly Edge[];
}

/** What a row takes with it. */
export interface Routes {
  /** Rows that are deleted with it, the farthest first. */
  readonly deleted: readonly Route[];
  /** Rows whose columns become NULL when it is deleted. */
  readonly nulled: readonly Route[];
  /** Rows whose columns follow when its own change. */
  readonly updated: readonly Route[];
}

function byChild(edges: readonly Edge[], path: readonly Edge[]): readonly Route[] {
  const children = [...new Set(edges.map(({ child }) => child))];
  return children.map((child) => ({ path, last: edges.filter((edge) => edge.child === child) }));
}

export function routesFrom(table: string, edges: readonly Edge[]): Routes {
  const deleted: Route[] = [];
  const nulled: Route[] = [];
  const walk = (from: string, path: readonly Edge[]): void => {
    const own = edges.filter(({ parent }) => parent === from);
    nulled.push(
      ...byChild(
        own.filter(({ onDelete }) => onDelete === 'set null'),
        path,
      ),
    );
    for (const edge of own) {
      if (edge.onDelete !== 'cascade' || path.some(({ child }) => child === edge.child)) continue;
      walk(edge.child, [...path, edge]);
      deleted.push({ path, last: [edge] });
    }
  };
  walk(table, []);
  const following = edges.filter((edge) => edge.parent === table && passesUpdate(edge));
  return { deleted, nulled, updated: byChild(following, []) };
}

const cyclic = (edge: Edge, edges: readonly Edge[]): boolean => {
  const reached = new Set<string>();
  const walk = (from: string): void => {
    for (const next of edges.filter(({ parent, onDelete }) => parent === from && onDelete === 'cascade')) {
      if (reached.has(next.child)) continue;
      reached.add(next.child);
      walk(next.child);
    }
  };
  walk(edge.child);
  return edge.onDelete === 'cascade' && (edge.parent === edge.child || reached.has(edge.parent));
};

/** Whether another key changes what this one refers to, and this one passes that on. */
const isSecond = (edge: Edge, edges: readonly Edge[]): boolean =>
  passesUpdate(edge) &&
  edges.some(
    (before) =>
      before.child === edge.parent &&
      (passesUpdate(before) || before.onDelete === 'set null') &&
      before.columns.some((column) => edge.references.includes(column)),
  );

const EVENTS = 'MySQL and MariaDB fire no triggers of a table for that';

function reasonOf(edge: Edge, edges: readonly Edge[], captured: ReadonlySet<string>): string | null {
  const what = `its rows go or change with those of ${edge.parent} by the foreign key ${edge.name}, and ${EVENTS}`;
  if (!captured.has(edge.parent)) return `${what}: capture ${edge.parent} too, whose triggers record it then`;
  if (edge.onDelete === 'set default' || (passesUpdate(edge) && edge.onUpdate !== 'cascade'))
    return `${what}: of its rules only CASCADE and ON DELETE SET NULL are recorded`;
  if (cyclic(edge, edges)) return `${what}: a cascade that comes back to the same table is not recorded`;
  if (isSecond(edge, edges)) return `${what}: an update that goes on from table to table is not recorded`;
  return null;
}

/** Of several keys that change the same row at once nobody knows which other values it has by then. */
function ambiguous(child: string, edges: readonly Edge[], tables: readonly string[]): string | null {
  const root = tables.find((table) => {
    const routes = routesFrom(table, edges).nulled.filter(({ last }) => last[0]?.child === child);
    return routes.length > 1;
  });
  return root === undefined
    ? null
    : `its columns become NULL on several ways at once when rows of ${root} are deleted, which is not recorded`;
}

function refusalsOf(
  wanted: TableToCapture,
  edges: readonly Edge[],
  ids: readonly string[],
): readonly string[] {
  const child = tableId(wanted.table.table);
  const own = edges.filter((edge) => edge.child === child);
  if (own.length === 0) return [];
  const captured = new Set(ids);
  const odd = userSqlOf(wanted.spec).find((sql) => !isComparison(sql));
  return [
    ...own.flatMap((edge) => reasonOf(edge, edges, captured) ?? []),
    ...(odd === undefined
      ? []
      : [
          `its rows go or change with those of ${own[0]?.parent}, whose trigger evaluates ${odd.trim()}: only comparisons are taken there, which cannot fail`,
        ]),
    ...[ambiguous(child, edges, ids) ?? []].flat(),
  ];
}

/**
 * Tables whose rows go or change by foreign keys in ways that no trigger records, with the reasons; of the others how their rows do.
 * A table that is refused is no parent whose triggers could record anything.
 */
export function findCascades(tables: readonly TableToCapture[]): {
  readonly edges: readonly Edge[];
  readonly refused: ReadonlyMap<string, readonly string[]>;
} {
  const refused = new Map<string, readonly string[]>();
  for (;;) {
    const left = tables.filter(({ table }) => !refused.has(tableId(table.table)));
    const ids = left.map(({ table }) => tableId(table.table));
    const edges = edgesOf(left);
    const found = left
      .map((wanted) => [tableId(wanted.table.table), refusalsOf(wanted, edges, ids)] as const)
      .filter(([, reasons]) => reasons.length > 0);
    if (found.length === 0) return { edges, refused };
    for (const [id, reasons] of found) refused.set(id, reasons);
  }
}

export const parentsOf = (child: string, edges: readonly Edge[]): readonly string[] => [
  ...new Set(
    edges.filter((edge) => edge.child === child && edge.parent !== child).map(({ parent }) => parent),
  ),
];

/** Tables, and those whose triggers record what happens to them: each behind its parents, so that nothing of it is missed. */
export function withParents(ids: readonly string[], edges: readonly Edge[]): readonly string[] {
  const found: string[] = [];
  const add = (id: string, path: readonly string[]): void => {
    if (found.includes(id) || path.includes(id)) return;
    for (const parent of parentsOf(id, edges)) add(parent, [...path, id]);
    found.push(id);
  };
  for (const id of ids) add(id, []);
  return found;
}
