import { describe, expect, test } from 'vitest';
import { oracle } from '../../src/databases/oracle/dialect.ts';
import { bindValue, columnBinds } from '../../src/databases/oracle/rows/bind-rows.ts';
import { sqlCells } from '../../src/databases/oracle/sql/checksum-sql.ts';
import { mysql } from '../../src/databases/mysql/dialect.ts';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import type { Dialect } from '../../src/engine/ports/dialect.ts';
import type { ValuePolicy } from '../../src/model/transfer-spec.ts';
import { planOf, tableOf } from '../support/oracle/plans.ts';
import { FITTED, fittedPlan } from '../support/oracle/policy-statements.ts';

const into = (source: Dialect, type: string, target: string, policy: ValuePolicy = 'error') =>
  planOf(
    { dialect: source, table: tableOf([{ name: 'V', type }], null) },
    { dialect: oracle },
    { policies: { V: policy }, types: { V: target } },
  );

describe('an Oracle target', () => {
  test.each([
    ['numeric(12,4)', 'NUMBER(6,2)', { kind: 'decimal', digits: 4, scale: 2, nan: false, infinity: false }],
    ['numeric', 'NUMBER(10,3)', { kind: 'decimal', digits: 7, scale: 3, nan: false, infinity: false }],
    ['bigint', 'NUMBER(5)', { kind: 'whole', from: '-99999', upto: '99999' }],
    ['text', 'VARCHAR2(40 CHAR)', { kind: 'text', maxChars: 40, nul: true }],
    ['date', 'DATE', { kind: 'moment', from: '4712-01-01 BC', upto: '9999-12-31', digits: 0 }],
    [
      'timestamp with time zone',
      'TIMESTAMP(3) WITH TIME ZONE',
      {
        kind: 'moment',
        from: '4712-01-01 00:00:00+00 BC',
        upto: '9999-12-31 23:59:59.999+00',
        digits: 3,
      },
    ],
  ])('says what a %s of PostgreSQL finds in a %s: the policies go by it', (type, target, limits) => {
    for (const policy of ['null', 'clamp'] as const) {
      const [column] = into(postgresql, type, target, policy).columns;
      expect(column).toMatchObject({ targetType: target, exact: false, policy, fit: { limits } });
      expect(column!.fit!.altered).toContain('"V"');
    }
  });

  test('cuts no text by a column that counts bytes: the policy is refused, not guessed', () => {
    for (const type of ['VARCHAR2(40)', 'VARCHAR2(2000 CHAR)'])
      expect(() => into(postgresql, 'text', type, 'clamp')).toThrow('cannot be kept');
  });

  test('takes as text what it has no type for, by the policy', () => {
    for (const type of ['inet', 'integer[]', 'interval'])
      expect(
        planOf(
          { dialect: postgresql, table: tableOf([{ name: 'V', type }], null) },
          { dialect: oracle },
          { policies: { V: 'text' } },
        ).columns[0]!.targetType,
      ).toMatch(/^(CLOB|VARCHAR2)/);
  });

  test('refuses what is no type in columns.types, and a type that the values do not go into', () => {
    expect(() => into(postgresql, 'text', 'CLOB); DROP TABLE X --')).toThrow('no type');
    expect(() => into(postgresql, 'text', 'BFILE')).toThrow('cannot be written into');
  });

  const rejects = (target: string, text: string): boolean => {
    const plan = into(postgresql, 'numeric', target);
    const [bind] = columnBinds(plan);
    try {
      bindValue(text, bind!, { table: 't', charset: 'AL32UTF8', emptyText: 'null' });
      return false;
    } catch {
      return true;
    }
  };

  test('rounds no number without a word: more places than the column has are refused', () => {
    expect(rejects('NUMBER(6,2)', '1.255')).toBe(true);
    expect(rejects('NUMBER(6,2)', '-1.25')).toBe(false);
    expect(rejects('NUMBER(6,2)', '1.2500')).toBe(false);
    expect(rejects('NUMBER(6)', '0.1')).toBe(true);
    expect(rejects('NUMBER(6,-2)', '1200')).toBe(false);
    expect(rejects('NUMBER(6,-2)', '1250')).toBe(true);
    expect(rejects('NUMBER', '1.2555')).toBe(false);
  });
});

describe('an Oracle source', () => {
  test.each(FITTED.map((each) => [each.type, each.into, each] as const))(
    '%s into %s is fitted by its policies',
    (_, __, fitted) => {
      for (const policy of fitted.policies) {
        const [column] = fittedPlan(fitted, policy).columns;
        expect(column).toMatchObject({ policy, exact: false });
        expect(column!.fit!.altered).toContain('"V"');
      }
    },
  );

  test.each([
    ['TIMESTAMP(9)', 'timestamp(3) without time zone', postgresql],
    ['CLOB', 'character varying(10)', postgresql],
    ['CHAR(10 CHAR)', 'varchar(5)', mysql],
  ] as const)('%s into %s cannot be clamped, and says so', (type, target, dialect) => {
    const fitted = { type, into: target, target: dialect, policies: [] };
    expect(() => fittedPlan(fitted, 'clamp')).toThrow('cannot be kept');
  });

  test('keeps the zone of a moment that is copied as text', () => {
    const [column] = planOf(
      { dialect: oracle, table: tableOf([{ name: 'V', type: 'TIMESTAMP(6) WITH TIME ZONE' }], null) },
      { dialect: mysql },
      { policies: { V: 'text' } },
    ).columns;
    expect(column).toMatchObject({ targetType: 'longtext', policy: 'text' });
    expect(column!.select).toContain('TZR');
  });

  test('a text that a policy cuts is hashed here: how long it is in SQL is not known', () => {
    const fitted = FITTED.find(({ type }) => type === 'VARCHAR2(40 CHAR)')!;
    expect(sqlCells(fittedPlan(fitted, 'clamp').columns, 'source')).toBeNull();
    expect(sqlCells(fittedPlan(fitted, 'error').columns, 'source')).toHaveLength(1);
  });
});
