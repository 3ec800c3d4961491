import type { TestRow, TestTable } from './harness.ts';

/** Rows as canonical texts with what every database must say of them (docs/reference/checksum.md). */
export interface ChecksumVector {
  readonly table: TestTable;
  readonly rows: readonly TestRow[];
  /** The sum as it is in every database: written down once, and never made by what is tested. */
  readonly sum: bigint;
}

export const CHECKSUM_VECTORS: readonly ChecksumVector[] = [
  {
    table: {
      name: 'vector_numbers',
      columns: [
        { name: 'id', type: 'bigint' },
        { name: 'price', type: 'decimal' },
        { name: 'ref', type: 'uuid' },
        { name: 'at', type: 'timestamp' },
      ],
      key: ['id'],
    },
    rows: [
      ['7', '0.10', '0b5fd1a5-9a4e-4c1c-8a55-0e3a7fbb7d11', '2024-02-29 12:34:56.5'],
      ['-9223372036854775808', '-1234567890.00', null, '1970-01-01 00:00:00'],
      ['9007199254740993', null, 'ffffffff-ffff-ffff-ffff-ffffffffffff', '1999-12-31 23:59:59.999999'],
      ['0', '0.00', '00000000-0000-0000-0000-000000000000', null],
    ],
    sum: 7946448188306775350n,
  },
  {
    table: {
      name: 'vector_texts',
      columns: [
        { name: 'id', type: 'int' },
        { name: 'name', type: 'text' },
        { name: 'data', type: 'bytes' },
      ],
      key: ['id'],
    },
    rows: [
      ['1', 'Zoë', '\\x00ff'],
      ['2', 'a tab\tand \\ and ; and 3:x;', null],
      ['3', '🙂', '\\x5c'],
      ['4', null, '\\x41'],
    ],
    sum: 3101294708086114616n,
  },
];
