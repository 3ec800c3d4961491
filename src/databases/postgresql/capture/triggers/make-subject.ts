import { globToRegExp } from '../../../../engine/planning/glob.ts';
import type { TableToCapture } from '../../../../engine/ports/trigger-manager.ts';
import type { CapturePlace } from '../../../../model/capture-spec.ts';
import type { ColumnSchema } from '../../../../model/table-schema.ts';
import type { Session } from '../../pool.ts';
import { type AskedSql, checkExpressions } from './check-expressions.ts';
import type { RecordedValue } from './texts/json-of.ts';
import { OPERATIONS, type Subject } from './texts/subject.ts';
import type { TableFacts } from './table-facts.ts';

const recorded = ({ name, type, baseType, enumLabels }: ColumnSchema): RecordedValue => ({
  name,
  type,
  baseType,
  enumLabels,
});

/** Columns that the specification takes, in the table's order; those of the key always, generated ones never. */
export function recordedColumns({ table, spec }: TableToCapture): readonly ColumnSchema[] {
  const { include = ['*'], exclude = [] } = spec.columns ?? {};
  const any = (globs: readonly string[], name: string): boolean =>
    globs.some((glob) => globToRegExp(glob).test(name));
  const key = new Set(table.primaryKey?.columns);
  return table.columns.filter(
    ({ name, generated }) =>
      generated === null && (key.has(name) || (any(include, name) && !any(exclude, name))),
  );
}

function askedSql({ spec }: TableToCapture): readonly AskedSql[] {
  const { where, expressions = {}, key } = spec;
  return [
    ...(where === undefined ? [] : [{ place: 'where', sql: where, isCondition: true }]),
    ...Object.entries(expressions).map(([name, sql]) => ({
      place: `expressions.${name}`,
      sql,
      isCondition: false,
    })),
    ...(typeof key === 'object' && 'expression' in key
      ? [{ place: 'key', sql: key.expression, isCondition: false }]
      : []),
  ];
}

/** @throws SluiceError capture.condition_invalid, naming table and condition */
export async function makeSubject(
  session: Session,
  wanted: TableToCapture,
  known: { readonly facts: TableFacts; readonly place: CapturePlace; readonly number: number },
): Promise<Subject> {
  const { table, spec } = wanted;
  const { facts, place, number } = known;
  const asked = askedSql(wanted);
  const types = await checkExpressions(session, table.table, asked);
  const typeOf = (at: string): RecordedValue | null => {
    const index = asked.findIndex((each) => each.place === at);
    const type = types[index];
    return type ? { name: at, ...type } : null;
  };
  const columns = recordedColumns(wanted);
  const keys = new Set(table.primaryKey?.columns);
  const key = (table.primaryKey?.columns ?? []).flatMap((name) => {
    const column = table.columns.find((each) => each.name === name);
    return column ? [{ ...recorded(column), equals: facts.equals[name] ?? 'OPERATOR(pg_catalog.=)' }] : [];
  });
  const payload = spec.payload === 'key' ? columns.filter(({ name }) => keys.has(name)) : columns;
  return {
    place,
    number,
    table: table.table,
    all: table.columns.map(({ name }) => name),
    watched: columns.map(({ name }) => name),
    payload: payload.map(recorded),
    key,
    isDeferrable: facts.isDeferrable,
    isPartitioned: table.kind === 'partitioned',
    where: spec.where ?? null,
    expressions: Object.entries(spec.expressions ?? {}).map(([name, sql]) => ({
      ...(typeOf(`expressions.${name}`) ?? { type: 'text', baseType: 'text', enumLabels: null }),
      name,
      sql,
    })),
    messageKey: spec.key,
    form: spec.form ?? 'row',
    operations: spec.operations ?? OPERATIONS,
  };
}
