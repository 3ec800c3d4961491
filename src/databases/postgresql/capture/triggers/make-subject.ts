import type { AskedSql } from '../../../../engine/capture/triggers/asked-sql.ts';
import { payloadColumns, recordedColumns } from '../../../../engine/capture/triggers/recorded-columns.ts';
import type { TableToCapture } from '../../../../engine/ports/trigger-manager.ts';
import type { CapturePlace } from '../../../../model/capture-spec.ts';
import type { ColumnSchema } from '../../../../model/table-schema.ts';
import type { Session } from '../../pool.ts';
import { checkExpressions } from './check-expressions.ts';
import type { RecordedValue } from './texts/json-of.ts';
import { OPERATIONS, type Subject } from './texts/subject.ts';
import type { TableFacts } from './table-facts.ts';

const recorded = ({ name, type, baseType, enumLabels }: ColumnSchema): RecordedValue => ({
  name,
  type,
  baseType,
  enumLabels,
});

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
  const key = (table.primaryKey?.columns ?? []).flatMap((name) => {
    const column = table.columns.find((each) => each.name === name);
    return column ? [{ ...recorded(column), equals: facts.equals[name] ?? 'OPERATOR(pg_catalog.=)' }] : [];
  });
  return {
    place,
    number,
    table: table.table,
    all: table.columns.map(({ name }) => name),
    watched: recordedColumns(wanted).map(({ name }) => name),
    payload: payloadColumns(wanted).map(recorded),
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
