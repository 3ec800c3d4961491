import { oracle } from '../../../src/databases/oracle/dialect.ts';
import { renderRead } from '../../../src/databases/oracle/rows/read-rows.ts';
import { renderAltered } from '../../../src/databases/oracle/sql/table-sql.ts';
import { mysql } from '../../../src/databases/mysql/dialect.ts';
import { postgresql } from '../../../src/databases/postgresql/dialect.ts';
import type { Dialect } from '../../../src/engine/ports/dialect.ts';
import type { ValuePolicy } from '../../../src/model/transfer-spec.ts';
import { planOf, tableOf } from './plans.ts';

interface Fitted {
  readonly type: string;
  readonly into: string;
  readonly target: Dialect;
  readonly policies: readonly ValuePolicy[];
}

/** What a column of Oracle is made to fit into. */
export const FITTED: readonly Fitted[] = [
  { type: 'NUMBER(18)', into: 'integer', target: postgresql, policies: ['null', 'clamp'] },
  { type: 'NUMBER', into: 'numeric(10,2)', target: postgresql, policies: ['null', 'clamp'] },
  { type: 'NUMBER(12,4)', into: 'decimal(6,0)', target: mysql, policies: ['null', 'clamp'] },
  { type: 'BINARY_DOUBLE', into: 'double', target: mysql, policies: ['null', 'clamp'] },
  { type: 'BINARY_FLOAT', into: 'double', target: mysql, policies: ['null'] },
  { type: 'DATE', into: 'datetime', target: mysql, policies: ['null', 'clamp'] },
  { type: 'TIMESTAMP(9)', into: 'timestamp(3) without time zone', target: postgresql, policies: ['null'] },
  { type: 'TIMESTAMP(6) WITH TIME ZONE', into: 'timestamp(6)', target: mysql, policies: ['null', 'clamp'] },
  { type: 'TIMESTAMP(3) WITH LOCAL TIME ZONE', into: 'timestamp(0)', target: mysql, policies: ['null'] },
  {
    type: 'VARCHAR2(40 CHAR)',
    into: 'character varying(10)',
    target: postgresql,
    policies: ['null', 'clamp'],
  },
  { type: 'NVARCHAR2(40)', into: 'varchar(10)', target: mysql, policies: ['clamp'] },
  { type: 'CLOB', into: 'text', target: postgresql, policies: ['null'] },
];

export const fittedPlan = ({ type, into, target }: Fitted, policy: ValuePolicy) =>
  planOf(
    { dialect: oracle, table: tableOf([{ name: 'V', type }], null) },
    { dialect: target },
    { policies: { V: policy }, types: { V: into } },
  );

export const policies = (): readonly (readonly [string, string])[] =>
  FITTED.flatMap((fitted) =>
    fitted.policies.flatMap((policy): readonly (readonly [string, string])[] => {
      const plan = fittedPlan(fitted, policy);
      const range = { lane: 1, after: null, upto: null };
      const title = `${fitted.type} into ${fitted.into} by the policy ${policy}`;
      return [
        [title, renderRead({ plan, range, after: null }, { snapshot: null }).statement.text],
        [`${title}, altered`, renderAltered(plan).text],
      ];
    }),
  );
