import type { PrepareRequest, TableOutcome, TablePreview } from '../../../engine/ports/target-writer.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import type { ColumnSchema, TableSchema } from '../../../model/table-schema.ts';
import { toSluiceError, vendorCode } from '../error-codes.ts';
import { describeTables } from '../introspector.ts';
import type { Session } from '../pool.ts';
import { literal, qualified, quote } from '../sql.ts';
import { parseType } from '../types/type-text.ts';
import { columnExtras, identityOf } from './column-extras.ts';
import { refuseCascades } from './standing-keys.ts';

const sourceOf = (source: TableSchema, name: string): ColumnSchema | undefined =>
  source.columns.find((column) => column.name === name);

function renderColumn(plan: TablePlan, column: ColumnPlan, source: TableSchema): string {
  const identity = identityOf(sourceOf(source, column.source), column.targetType);
  // Verification compares key ranges: the target orders the key byte by byte, as the plan found that the source does.
  const isText = /^(text|character varying)/.test(column.targetType);
  const binary = isText && plan.position.sameOrder && plan.position.columns.includes(column.source);
  const notNull = column.nullable ? '' : ' NOT NULL';
  return `${quote(column.target)} ${column.targetType}${binary ? ' COLLATE "C"' : ''}${notNull}${identity}`;
}

/** Target names of the source's primary key; null where the plan leaves one of its columns out. */
export function primaryKeyOf(plan: TablePlan, source: TableSchema): readonly string[] | null {
  const names = source.primaryKey?.columns.map(
    (name) => plan.columns.find((column) => column.source === name)?.target,
  );
  return names?.every((name) => name !== undefined) ? names : null;
}

export function renderCreateTable(plan: TablePlan, source: TableSchema): string {
  const key = plan.keyAfterRows ? null : primaryKeyOf(plan, source);
  const parts = [
    ...plan.columns.map((column) => renderColumn(plan, column, source)),
    ...(key ? [`PRIMARY KEY (${key.map(quote).join(', ')})`] : []),
  ];
  return `CREATE TABLE ${qualified(plan.target)} (${parts.join(', ')})`;
}

/** What of a column is lost between a domain and the type under it. */
function lostDomains(plan: TablePlan, source: TableSchema): readonly string[] {
  const alter = `ALTER TABLE ${qualified(plan.target)}`;
  return plan.columns.flatMap((column) => {
    const domain = sourceOf(source, column.source)?.domain;
    if (!domain) return [];
    const name = quote(column.target);
    return [
      `-- ${name} is of domain ${domain.name} at the source and is made as ${column.targetType}`,
      ...domain.checks.map((check) => `${alter} ADD ${check.replaceAll(/\bVALUE\b/g, () => name)}`),
      ...(domain.default === null ? [] : [`${alter} ALTER COLUMN ${name} SET DEFAULT ${domain.default}`]),
    ];
  });
}

function lostKey(plan: TablePlan, source: TableSchema): readonly string[] {
  if (!source.primaryKey || primaryKeyOf(plan, source)) return [];
  return [`-- PRIMARY KEY (${source.primaryKey.columns.map(quote).join(', ')}): not all of it is copied`];
}

function lostIdentity(plan: TablePlan, source: TableSchema): readonly string[] {
  return plan.columns.flatMap((column) => {
    const from = sourceOf(source, column.source);
    if (!from?.identity || identityOf(from, column.targetType) !== '') return [];
    return [
      `-- ${quote(column.target)} counts by itself at the source; here it is ${column.targetType} and does not`,
    ];
  });
}

/** What is never made here, as statements for a person: made after the load by somebody who knows the target. */
export function renderLeftOut(plan: TablePlan, source: TableSchema): readonly string[] {
  return [
    ...(source.kind === 'partitioned' ? [`-- ${plan.id} is partitioned at the source`] : []),
    ...lostKey(plan, source),
    ...lostDomains(plan, source),
    ...lostIdentity(plan, source),
    ...source.columns.flatMap(({ name, onUpdate }) =>
      onUpdate === undefined ? [] : [`-- ${quote(name)} ON UPDATE ${onUpdate}`],
    ),
  ];
}

async function schemaStatement(session: Session, schema: string): Promise<readonly string[]> {
  const there = await session.cell('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
  return there === null ? [`CREATE SCHEMA ${quote(schema)}`] : [];
}

/** An enum type of the source that the target lacks is made with the same labels. */
async function enumStatements(session: Session, plan: TablePlan): Promise<readonly string[]> {
  const statements: string[] = [];
  for (const { logical, targetType } of plan.columns) {
    if (logical.kind !== 'enum') continue;
    const [, schema, name] = /^("(?:[^"]|"")+"|\w+)\.(.+)$/.exec(targetType) ?? [];
    if (schema === undefined || name === undefined) continue;
    if ((await session.cell('SELECT to_regtype($1)', [targetType])) !== null) continue;
    const bare = schema.replaceAll(/^"|"$/g, '').replaceAll('""', '"');
    statements.push(...(await schemaStatement(session, bare)));
    statements.push(`CREATE TYPE ${targetType} AS ENUM (${logical.labels.map(literal).join(', ')})`);
  }
  return statements;
}

async function tryStatement(session: Session, statement: string): Promise<boolean> {
  await session.query('SAVEPOINT optional');
  try {
    await session.query(statement);
    await session.query('RELEASE SAVEPOINT optional');
    return true;
  } catch (error) {
    if (!/^[0-9A-Z]{5}$/.test(vendorCode(error)) || vendorCode(error) === '42501') throw error;
    await session.query('ROLLBACK TO SAVEPOINT optional');
    return false;
  }
}

function commentStatements(plan: TablePlan, source: TableSchema): readonly string[] {
  const table = qualified(plan.target);
  const onColumns = plan.columns.flatMap((column) => {
    const comment = sourceOf(source, column.source)?.comment ?? null;
    return comment === null
      ? []
      : [`COMMENT ON COLUMN ${table}.${quote(column.target)} IS ${literal(comment)}`];
  });
  return [
    ...(source.comment === null ? [] : [`COMMENT ON TABLE ${table} IS ${literal(source.comment)}`]),
    ...onColumns,
  ];
}

/** How a table is made at this server. */
interface Making {
  readonly needed: readonly string[];
  /** Left out where the server does not take them. */
  readonly tried: readonly string[];
  /** Left out without a try: nothing here says the same, or they could end elsewhere than they seem. */
  readonly unsafe: readonly string[];
  readonly comments: readonly string[];
}

async function makingOf(session: Session, plan: TablePlan, source: TableSchema): Promise<Making> {
  // Tables share schemas and types, and columns of one table do too.
  const first = [
    ...(await schemaStatement(session, plan.target.schema)),
    ...(await enumStatements(session, plan)),
  ];
  const extras = columnExtras(plan, source);
  return {
    needed: [...new Set(first), ...extras.sequences, renderCreateTable(plan, source)],
    tried: extras.tried,
    unsafe: extras.leftOut,
    comments: commentStatements(plan, source),
  };
}

/** @returns statements that this server did not take */
async function createTable(
  session: Session,
  plan: TablePlan,
  source: TableSchema,
): Promise<readonly string[]> {
  const making = await makingOf(session, plan, source);
  for (const statement of making.needed) await session.query(statement);
  const refused = [...making.unsafe];
  for (const statement of making.tried)
    if (!(await tryStatement(session, statement))) refused.push(statement);
  for (const statement of making.comments) await session.query(statement);
  return refused;
}

const sameType = (a: string, b: string): boolean => {
  const [left, right] = [parseType(a), parseType(b)];
  return left.base === right.base && left.args.join() === right.args.join();
};

/** What must be altered before the plan's rows fit, as statements; empty: it fits. */
export function renderDifferences(plan: TablePlan, target: TableSchema): readonly string[] {
  const alter = `ALTER TABLE ${qualified(plan.target)}`;
  const columns = plan.columns.flatMap((column) => {
    const name = quote(column.target);
    const found = target.columns.find((each) => each.name === column.target);
    if (!found) return [`${alter} ADD COLUMN ${name} ${column.targetType}`];
    if (found.generated !== null) return [`${alter} ALTER COLUMN ${name} DROP EXPRESSION`];
    return [
      ...(sameType(found.type, column.targetType)
        ? []
        : [`${alter} ALTER COLUMN ${name} TYPE ${column.targetType}`]),
      ...(column.nullable && !found.nullable ? [`${alter} ALTER COLUMN ${name} DROP NOT NULL`] : []),
    ];
  });
  const planned = new Set(plan.columns.map((column) => column.target));
  const unfed = target.columns.filter(
    (column) =>
      !planned.has(column.name) &&
      !column.nullable &&
      column.default === null &&
      column.identity === null &&
      column.generated === null,
  );
  const keys = [target.primaryKey, ...target.uniqueKeys].filter((key) => key !== null);
  const sameKey = (names: readonly string[]): boolean =>
    [...names].sort().join('\n') === [...plan.targetKey].sort().join('\n');
  const lacksKey =
    !plan.keyAfterRows && plan.targetKey.length > 0 && !keys.some((key) => sameKey(key.columns));
  return [
    ...columns,
    ...unfed.map((column) => `${alter} ALTER COLUMN ${quote(column.name)} SET DEFAULT …`),
    ...(lacksKey ? [`${alter} ADD UNIQUE (${plan.targetKey.map(quote).join(', ')})`] : []),
  ];
}

function refuse(plan: TablePlan, differences: readonly string[]): void {
  if (differences.length === 0) return;
  throw new SluiceError(
    'target.structure_differs',
    `the target table of ${plan.id} differs in ${differences.length} places`,
    {
      table: plan.id,
      suggestion: `${differences.join('; ')};`,
    },
  );
}

/** The statement that gives the missing right, as precisely as the catalog tells. */
async function grantFor(session: Session, plan: TablePlan): Promise<string> {
  const { rows } = await session.query(
    `SELECT quote_ident(current_user), quote_ident(current_database()), n.oid IS NOT NULL, coalesce(has_schema_privilege(n.oid, 'USAGE'), false),
       (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = $2)
     FROM (SELECT) AS one LEFT JOIN pg_namespace n ON n.nspname = $1`,
    [plan.target.schema, plan.target.name],
  );
  const [user, database, hasSchema, , tables] = rows[0] ?? [];
  if (hasSchema !== 't') return `GRANT CREATE ON DATABASE ${database} TO ${user};`;
  if (tables === '0') return `GRANT USAGE, CREATE ON SCHEMA ${quote(plan.target.schema)} TO ${user};`;
  return `GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ${qualified(plan.target)} TO ${user};`;
}

/** Runs statements on the target table; a missing right is reported with its GRANT. The transaction is lost then. */
async function withGrant<T>(session: Session, plan: TablePlan, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const known = toSluiceError(error, { side: 'target', table: plan.id });
    if (known.code !== 'database.permission_denied') throw known;
    await session.query('ROLLBACK');
    throw toSluiceError(error, { side: 'target', table: plan.id, suggestion: await grantFor(session, plan) });
  }
}

/** What prepareTable and, under `replace`, replaceTable would do; changes nothing. */
export async function previewTable(
  session: Session,
  { plan, source, policy }: PrepareRequest,
): Promise<TablePreview> {
  const [target] = await describeTables(session, [plan.target]);
  if (target && policy !== 'replace')
    return { statements: [], leftOut: [], refusals: renderDifferences(plan, target) };
  if (!target && policy === 'verify')
    return { statements: [], leftOut: [], refusals: [renderCreateTable(plan, source)] };
  const making = await makingOf(session, plan, source);
  const drop = target ? [`DROP TABLE IF EXISTS ${qualified(plan.target)}`] : [];
  return {
    statements: [...drop, ...making.needed, ...making.tried, ...making.comments],
    leftOut: [...making.unsafe, ...renderLeftOut(plan, source)],
    refusals: [],
  };
}

export function prepareTable(session: Session, request: PrepareRequest): Promise<TableOutcome> {
  const { plan, source, policy } = request;
  return withGrant(session, plan, async () => {
    // Tables are prepared side by side and may share a schema or an enum type.
    await session.query(`SELECT pg_advisory_xact_lock(hashtextextended('sluice structure', 0))`);
    const [target] = await describeTables(session, [plan.target]);
    const leftOut = renderLeftOut(plan, source);
    if (!target) {
      if (policy === 'verify') {
        throw new SluiceError('target.table_missing', `the target has no table for ${plan.id}`, {
          table: plan.id,
          suggestion: `${renderCreateTable(plan, source)};`,
        });
      }
      const refused = await createTable(session, plan, source);
      return { table: plan.id, done: 'created', leftOut: [...refused, ...leftOut] };
    }
    if (policy === 'replace') return { table: plan.id, done: 'to-be-replaced', leftOut };
    refuse(plan, renderDifferences(plan, target));
    return { table: plan.id, done: 'verified', leftOut: [] };
  });
}

/** Drops the table and makes it anew; views and foreign keys that need it are reason to refuse, never dropped with it. */
export function replaceTable(session: Session, plan: TablePlan, source: TableSchema): Promise<void> {
  return withGrant(session, plan, async () => {
    await session.query(`SELECT pg_advisory_xact_lock(hashtextextended('sluice structure', 0))`);
    await session.query(`DROP TABLE IF EXISTS ${qualified(plan.target)}`);
    await createTable(session, plan, source);
  });
}

/** TRUNCATE, or DELETE where a foreign key of another table or a missing right forbids that. */
export function clearTable(session: Session, plan: TablePlan): Promise<void> {
  const table = qualified(plan.target);
  return withGrant(session, plan, async () => {
    const { rows } = await session.query(
      `SELECT c.relkind, has_table_privilege(c.oid, 'TRUNCATE') AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.confrelid = c.oid AND f.conrelid <> c.oid)
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
      [plan.target.schema, plan.target.name],
    );
    const [kind, may] = rows[0] ?? [];
    const whole = kind === 'p' ? table : `ONLY ${table}`;
    if (may !== 't') {
      // Who adds a row that refers to one of these waits from here on, and who has added one is waited for.
      await session.query(`LOCK TABLE ${whole} IN EXCLUSIVE MODE`);
      await refuseCascades(session, plan);
    }
    await session.query(may === 't' ? `TRUNCATE TABLE ${whole}` : `DELETE FROM ${whole}`);
  });
}
