import type { TableName } from '../../../model/table-name.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { SequenceSchema } from '../../../model/table-schema.ts';
import type { CatalogQuery } from './catalog-queries.ts';
import { qualified, quote } from './names.ts';

/** LAST_NUMBER is behind all that were given, those that a server holds in its memory too. */
export const SEQUENCES: CatalogQuery = {
  names: ['schema', 'table', 'start', 'increment', 'min', 'max', 'cache', 'cycle'],
  select:
    'S.SEQUENCE_OWNER, S.SEQUENCE_NAME, S.LAST_NUMBER, S.INCREMENT_BY, S.MIN_VALUE, S.MAX_VALUE, S.CACHE_SIZE, S.CYCLE_FLAG',
  from: 'ALL_SEQUENCES S',
  owner: 'S.SEQUENCE_OWNER',
  table: 'S.SEQUENCE_NAME',
  order: 'S.SEQUENCE_OWNER, S.SEQUENCE_NAME',
};

/** A default that draws from a sequence: `"SHOP"."NUMBERS"."NEXTVAL"`, as the catalog has it. */
const NEXT = /^"([^"]+)"\."([^"]+)"\."?NEXTVAL"?$/i;

export function sequenceIn(given: string | null): TableName | null {
  const [, schema, name] = NEXT.exec(given?.trim() ?? '') ?? [];
  return schema === undefined || name === undefined ? null : { schema, name };
}

/** Where a sequence of the source lies at the target. */
export const sequenceAt = (plan: TablePlan, { schema, name }: TableName): TableName => ({
  schema: schema === plan.source.schema ? plan.target.schema : schema,
  name,
});

export const renderNext = (sequence: TableName): string => `${qualified(sequence)}.NEXTVAL`;

export function renderCreateSequence(name: TableName, of: SequenceSchema): string {
  const cache = BigInt(of.cache) > 1n ? `CACHE ${of.cache}` : 'NOCACHE';
  return `CREATE SEQUENCE ${qualified(name)} START WITH ${of.start} INCREMENT BY ${of.increment} MINVALUE ${of.min} MAXVALUE ${of.max} ${cache}${of.cycle ? ' CYCLE' : ''}`;
}

/** The number of a column that lies furthest in the direction of its sequence, and where the sequence stands. */
export const renderFurthest = (table: TableName, column: string, isUp: boolean): string =>
  `SELECT TO_CHAR(${isUp ? 'MAX' : 'MIN'}(${quote(column)}), 'TM9'), (SELECT TO_CHAR(LAST_NUMBER, 'TM9') FROM ALL_SEQUENCES WHERE SEQUENCE_OWNER = :schema AND SEQUENCE_NAME = :name) FROM ${qualified(table)}`;

export const renderRestart = (sequence: TableName, start: bigint): string =>
  `ALTER SEQUENCE ${qualified(sequence)} RESTART START WITH ${start}`;
