import type { TableToCapture } from '../../../../engine/ports/trigger-manager.ts';
import { qualified } from '../../sql.ts';
import type { TableFacts } from './table-facts.ts';
import { OPERATIONS } from './texts/subject.ts';
import { OWN_PREFIX } from './texts/statement-bodies.ts';

const KINDS: Readonly<Record<string, string>> = {
  v: 'a view has no rows of its own: capture the tables under it',
  m: 'a materialized view changes without triggers',
  f: 'rows of a foreign table change elsewhere: capture them there',
};

/** What the form `statement` cannot do; PostgreSQL has no transition tables on partitions and children. */
function ofStatements({ table, spec }: TableToCapture, facts: TableFacts): readonly string[] {
  if (spec.form !== 'statement') return [];
  const operations = spec.operations ?? OPERATIONS;
  const found = [
    [table.kind === 'partitioned', 'a change of one partition fires no trigger of its root'],
    [table.kind === 'inheritance-child' || facts.hasChildren, 'it inherits, or is inherited from'],
    [facts.isDeferrable, 'its primary key is deferrable, so that two rows may have one for a while'],
    [
      table.primaryKey === null && operations.includes('update'),
      'without a primary key nobody knows which old row became which new one',
    ],
    [
      table.columns.some(({ name }) => name.startsWith(OWN_PREFIX)),
      `a column has a name that begins with ${OWN_PREFIX}`,
    ],
  ] as const;
  return found.flatMap(([isSo, text]) => (isSo ? [`form: statement cannot be: ${text}; use form: row`] : []));
}

/** Why the table cannot be captured as it is. */
export function refusalsOf(wanted: TableToCapture, facts: TableFacts | null): readonly string[] {
  const { table, spec } = wanted;
  if (facts === null) return ['it is not there'];
  if (facts.isPartition || table.kind === 'partition')
    return ['it is a partition: capture the partitioned table, which records what happens in all of them'];
  if (facts.kind !== 'r' && facts.kind !== 'p') return [KINDS[facts.kind] ?? 'it is no table'];
  if (facts.persistence === 't') return ['it is temporary: it ends with its session'];
  const keyless = table.primaryKey === null;
  return [
    ...(facts.mayRead ? [] : [`our user may not read it: GRANT SELECT ON ${qualified(table.table)}`]),
    ...facts.clashes.map((name) => `it has a trigger ${name} that is not ours: rename that one`),
    ...(keyless && spec.key === 'primary' ? ['key: primary, and it has no primary key'] : []),
    ...(keyless && spec.payload === 'key' ? ['payload: key, and it has no primary key'] : []),
    ...ofStatements(wanted, facts),
  ];
}

/** What capture by triggers does not see of the table, or what to mind. */
export function warningsOf({ table, spec }: TableToCapture, facts: TableFacts): readonly string[] {
  const generated = table.columns.flatMap((column) => (column.generated === null ? [] : [column.name]));
  const operations = spec.operations ?? OPERATIONS;
  const found: readonly (readonly [boolean, string])[] = [
    [
      table.primaryKey === null,
      'it has no primary key: its events have no order of their own, and a target deletes a row by all that is recorded of it',
    ],
    [facts.persistence === 'u', 'it is unlogged: a crash of the server empties it without an event'],
    [facts.hasRules, 'it has rules: statements that they turn into others are recorded where they end'],
    [facts.hasRowSecurity, 'it has row security: our user must see all of its rows (BYPASSRLS), or own it'],
    [
      facts.hasChildren || table.kind === 'inheritance-child',
      'it inherits, or is inherited from: each of these tables is captured by itself',
    ],
    [
      table.kind === 'partitioned',
      'TRUNCATE, DETACH and DROP of one partition are not recorded; TRUNCATE of the whole table is',
    ],
    [generated.length > 0, `generated columns are not recorded: ${generated.join(', ')}`],
    [
      !operations.includes('truncate') && operations.includes('delete'),
      'TRUNCATE is not recorded, and leaves the rows at the target',
    ],
    [
      facts.isDeferrable,
      'its primary key is deferrable: each change looks for the row that has the key by then, which costs a little more',
    ],
  ];
  return found.flatMap(([isSo, text]) => (isSo ? [text] : []));
}

/** Of every table. */
export const ALWAYS = [
  'sessions with session_replication_role = replica (logical replication, some restores) fire no trigger: what they change is not recorded',
  'lastval() gives the number of the event afterwards, or fails: an application that uses it must name its sequence, currval(…), or use RETURNING',
] as const;
