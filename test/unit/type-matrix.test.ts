import { describe, expect, test } from 'vitest';
import { types as mysql } from '../../src/databases/mysql/type-map.ts';
import { types as oracle } from '../../src/databases/oracle/type-map.ts';
import { types as postgresql } from '../../src/databases/postgresql/type-map.ts';
import { sqliteTypes as sqlite } from '../../src/databases/sqlite/type-map.ts';
import type { LogicalKind } from '../../src/model/logical-type.ts';
import { MATRIX_PRODUCTS, TYPE_MATRIX } from '../../src/model/type-matrix.ts';

const MAPS = { postgresql, mysql, oracle, sqlite };

const CELLS = TYPE_MATRIX.flatMap(({ logical, ...cells }) =>
  MATRIX_PRODUCTS.map((product) => [JSON.stringify(logical), product, logical, cells[product]] as const),
);

/** Every kind but `native`, which is a type of one product and has no other. */
const KINDS: readonly LogicalKind[] = [
  ...([
    'int',
    'decimal',
    'float64',
    'float32',
    'boolean',
    'text',
    'bytes',
    'date',
    'time',
    'timestamp',
  ] as const),
  ...(['timestamptz', 'interval', 'json', 'jsonb', 'xml', 'uuid', 'enum', 'bits', 'any'] as const),
];

describe('the matrix of types', () => {
  test.each(CELLS)('%s in %s is what its type map does', (_, product, logical, cell) => {
    const type = MAPS[product].propose(logical);
    const writing = MAPS[product].writing(logical, { name: 'c', type });
    expect({ type, exact: writing?.exact, why: writing?.note }).toEqual(cell);
  });

  test('has every kind of logical type', () => {
    expect(new Set(TYPE_MATRIX.map(({ logical }) => logical.kind))).toEqual(new Set(KINDS));
  });
});
