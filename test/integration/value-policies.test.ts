import { describe, expect, test } from 'vitest';
import { never } from '../contract/test-tables.ts';
import { copyTable, planBetween } from '../support/copy-table.ts';
import { type Product, useOpenPlaces } from '../support/places.ts';
import { describeWith } from '../support/servers.ts';

interface Case {
  readonly from: Product;
  readonly to: Product;
  /** Of the source's column; the target gets what the plan proposes, or this. */
  readonly type: string;
  readonly as?: string;
  /** SQL of the values. */
  readonly values: readonly string[];
  readonly policy: 'null' | 'clamp';
  /** At the target, as it shows them. */
  readonly becomes: readonly (string | null)[];
  readonly altered: number;
}

const CASES: readonly Case[] = [
  ...(['postgres', 'mariadb', 'sqlite'] as const).flatMap((from): Case[] => {
    const type = from === 'sqlite' ? 'INTEGER' : 'bigint';
    const values = ['1', '-40000', '40000', '32767', '-32768'];
    const plain = { from, to: 'postgres', type, as: 'smallint', values } as const;
    return [
      { ...plain, policy: 'null', becomes: ['1', null, null, '32767', '-32768'], altered: 2 },
      { ...plain, policy: 'clamp', becomes: ['1', '-32768', '32767', '32767', '-32768'], altered: 2 },
      {
        ...plain,
        to: 'mariadb',
        policy: 'clamp',
        becomes: ['1', '-32768', '32767', '32767', '-32768'],
        altered: 2,
      },
    ];
  }),
  ...(['postgres', 'mariadb', 'sqlite'] as const).flatMap((from): Case[] => {
    const type = { postgres: 'numeric(12,4)', mariadb: 'decimal(12,4)', sqlite: 'DECIMAL_TEXT(12,4)' }[from];
    const values = ['1.5', '1.2345', '1.2350', '-99999.5', '99.995'].map((text) =>
      from === 'sqlite' ? `'${text}'` : text,
    );
    const shared = { from, type, values } as const;
    const clamped = ['1.50', '1.23', '1.24', '-99.99', '99.99'];
    return [
      { ...shared, to: 'postgres', as: 'numeric(4,2)', policy: 'clamp', becomes: clamped, altered: 4 },
      { ...shared, to: 'mariadb', as: 'decimal(4,2)', policy: 'clamp', becomes: clamped, altered: 4 },
      {
        ...shared,
        to: 'mariadb',
        as: 'decimal(4,2)',
        policy: 'null',
        becomes: ['1.50', null, null, null, null],
        altered: 4,
      },
    ];
  }),
  ...(['postgres', 'mariadb', 'sqlite'] as const).flatMap((from): Case[] => {
    const type = { postgres: 'numeric', mariadb: 'decimal(20,6)', sqlite: 'DECIMAL_TEXT' }[from];
    const values = ['0', '149.5', '150', '-99949.999', '99950', '1234500'].map((text) =>
      from === 'sqlite' ? `'${text}'` : text,
    );
    const hundreds = { from, to: 'postgres', as: 'numeric(3,-2)', type, values } as const;
    return [
      { ...hundreds, policy: 'clamp', becomes: ['0', '100', '200', '-99900', '99900', '99900'], altered: 5 },
      { ...hundreds, policy: 'null', becomes: ['0', null, null, null, null, null], altered: 5 },
    ];
  }),
  ...(['postgres', 'mariadb', 'sqlite'] as const).flatMap((from): Case[] => {
    const type = from === 'sqlite' ? 'INTEGER' : 'bigint';
    const values = ['0', '149', '150', '-99949', '99950', '1234500'];
    const hundreds = { from, to: 'postgres', as: 'numeric(3,-2)', type, values } as const;
    return [
      { ...hundreds, policy: 'clamp', becomes: ['0', '100', '200', '-99900', '99900', '99900'], altered: 5 },
      { ...hundreds, policy: 'null', becomes: ['0', null, null, null, null, null], altered: 5 },
    ];
  }),
  {
    from: 'postgres',
    to: 'mariadb',
    type: 'double precision',
    values: ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", '1.5'],
    policy: 'null',
    becomes: [null, null, null, '0', '1.5'],
    altered: 3,
  },
  {
    from: 'sqlite',
    to: 'mariadb',
    type: 'REAL',
    values: ['9e999', '-9e999', '1.5'],
    policy: 'clamp',
    becomes: ['1.7976931348623157e308', '-1.7976931348623157e308', '1.5'],
    altered: 2,
  },
  {
    from: 'postgres',
    to: 'mariadb',
    type: 'timestamp',
    values: [
      "'infinity'",
      "'-infinity'",
      "'0044-03-15 00:00:00 BC'",
      "'2024-01-01 00:00:00.5'",
      "'10000-01-01'",
    ],
    policy: 'clamp',
    becomes: [
      '9999-12-31 23:59:59.999999',
      '0001-01-01 00:00:00.000000',
      '0001-01-01 00:00:00.000000',
      '2024-01-01 00:00:00.500000',
      '9999-12-31 23:59:59.999999',
    ],
    altered: 4,
  },
  {
    from: 'postgres',
    to: 'mariadb',
    type: 'timestamptz',
    values: ["'infinity'", "'2024-01-01 00:00:00.5+00'"],
    policy: 'null',
    becomes: [null, '2024-01-01 00:00:00.500000'],
    altered: 1,
  },
  {
    from: 'postgres',
    to: 'mariadb',
    type: 'date',
    values: ["'infinity'", "'0044-03-15 BC'", "'2024-01-01'"],
    policy: 'clamp',
    becomes: ['9999-12-31', '0001-01-01', '2024-01-01'],
    altered: 2,
  },
  {
    from: 'mariadb',
    to: 'postgres',
    type: 'date',
    values: ["'0000-00-00'", "'2024-00-00'", "'2024-01-01'"],
    policy: 'null',
    becomes: [null, null, '2024-01-01'],
    altered: 2,
  },
  {
    from: 'mariadb',
    to: 'postgres',
    type: 'time(6)',
    values: ["'25:00:00'", "'-00:00:01'", "'24:00:00'", "'12:00:00.5'"],
    policy: 'clamp',
    becomes: ['24:00:00', '00:00:00', '24:00:00', '12:00:00.5'],
    altered: 2,
  },
  {
    from: 'mariadb',
    to: 'postgres',
    type: 'tinyint(1)',
    values: ['0', '1', '2', '-1'],
    policy: 'null',
    becomes: ['f', 't', null, null],
    altered: 2,
  },
  {
    from: 'mariadb',
    to: 'postgres',
    type: 'varchar(20)',
    as: 'varchar(3)',
    values: ["'abcd'", "'🙂🙂🙂🙂'", "'abc  '", "'a'"],
    policy: 'clamp',
    becomes: ['abc', '🙂🙂🙂', 'abc', 'a'],
    altered: 3,
  },
  {
    from: 'mariadb',
    to: 'postgres',
    type: 'longtext',
    values: ["'a\\0b'", "'ab'"],
    policy: 'null',
    becomes: [null, 'ab'],
    altered: 1,
  },
  {
    from: 'postgres',
    to: 'mariadb',
    type: 'text',
    as: 'varchar(3)',
    values: ["'🙂🙂🙂🙂'", "'a\\'", "'abcd'"],
    policy: 'null',
    becomes: [null, 'a\\', null],
    altered: 2,
  },
  {
    from: 'sqlite',
    to: 'postgres',
    type: 'VARCHAR(3)',
    values: ["'abcd'", "x'00'", "'🙂🙂🙂🙂'", "'a' || char(0)", "'abc'"],
    policy: 'null',
    becomes: [null, null, null, null, 'abc'],
    altered: 4,
  },
  {
    from: 'sqlite',
    to: 'postgres',
    type: 'INTEGER',
    values: ["'abc'", '1.5', '7'],
    policy: 'null',
    becomes: [null, null, '7'],
    altered: 2,
  },
];

describeWith(['postgres', 'mariadb'], 'values that the target cannot hold', () => {
  const open = useOpenPlaces();

  describe('and no policy says what becomes of them: no decimal is rounded,', () => {
    const DECIMALS = [
      ['postgres', 'numeric', 'postgres', 'numeric(4,2)'],
      ['postgres', 'numeric(12,4)', 'postgres', 'numeric(4,2)'],
      ['postgres', 'numeric', 'postgres', 'money'],
      ['postgres', 'numeric(12,4)', 'mariadb', 'decimal(4,2)'],
      ['postgres', 'numeric', 'mariadb', 'decimal(4,2)'],
      ['postgres', 'numeric', 'mariadb', 'int'],
      ['postgres', 'numeric(12,4)', 'mariadb', 'int'],
      ['postgres', 'numeric', 'postgres', 'integer'],
      ['mariadb', 'decimal(12,4)', 'postgres', 'bigint'],
      ['mariadb', 'double', 'postgres', 'numeric(4,2)'],
      ['mariadb', 'decimal(12,4)', 'postgres', 'numeric(4,2)'],
      ['mariadb', 'decimal(12,4)', 'postgres', 'numeric(4,-1)'],
      ['sqlite', 'DECIMAL_TEXT(12,4)', 'postgres', 'numeric(4,2)'],
    ] as const;

    type Rounded = readonly [
      from: Product,
      type: string,
      to: Product,
      as: string,
      fits: string,
      tooLong: string,
    ];
    const NUMBERS: readonly Rounded[] = [
      ...DECIMALS.map(
        (each): Rounded => (/-1|int/.test(each[3]) ? [...each, '20', '21.5'] : [...each, '1.5', '1.234']),
      ),
      ['postgres', 'smallint', 'postgres', 'numeric(3,-2)', '100', '15049'],
      ['mariadb', 'bigint', 'postgres', 'numeric(30,-1)', '20', '20215'],
      ['sqlite', 'INTEGER', 'postgres', 'numeric(3,-2)', '100', '15049'],
      ['postgres', 'double precision', 'mariadb', 'double(10,2)', '1.24', '1.239'],
      ['postgres', 'real', 'mariadb', 'double(10,2)', '1.24', '1.239'],
      ['postgres', 'double precision', 'mariadb', 'float(10,2)', '1.25', '1.239'],
      ['postgres', 'numeric', 'mariadb', 'double(10,2)', '1.50', '1.239'],
      ['postgres', 'text', 'mariadb', 'int', '20', '1.5'],
      ['postgres', 'text', 'mariadb', 'double(10,2)', '1.25', '1.239'],
      ['postgres', 'text', 'mariadb', 'decimal(4,2)', '1.50', '1.234'],
      ['postgres', 'text', 'postgres', 'integer', '20', '1.5'],
      ['mariadb', 'varchar(20)', 'postgres', 'numeric(4,2)', '1.50', '1.234'],
      ['postgres', 'text', 'postgres', 'money', '1.50', '1.239'],
      ['sqlite', 'DECIMAL_TEXT', 'postgres', 'numeric(4,2)', '1.50', '1.234'],
      ['sqlite', 'DECIMAL_TEXT', 'mariadb', 'decimal(4,2)', '1.50', '1.234'],
      ['sqlite', 'DECIMAL_TEXT', 'mariadb', 'int', '20.00', '1.234'],
    ];

    test.for(NUMBERS)('%s %s to %s %s', async ([from, type, to, as, fits, tooLong]) => {
      const ends = [await open(from), await open(to)] as const;
      await ends[0].place.execute(
        `CREATE TABLE t (id bigint PRIMARY KEY, v ${type}); INSERT INTO t VALUES (1, '${fits}'), (2, '-${fits}'), (3, NULL)`,
      );
      const databases = { source: ends[0].database, target: ends[1].database };
      const selection = { columns: { types: { v: as } } };
      const { plan } = await copyTable(databases, 't', { selection });
      expect(plan.columns[1]).toMatchObject({ exact: false, policy: 'error' });
      expect(await databases.target.writer.checksum(plan, null, never())).toEqual(
        await databases.source.reader.checksum(plan, null, never()),
      );
      await ends[1].place.execute('DELETE FROM t');
      await ends[0].place.execute(`INSERT INTO t VALUES (4, '${tooLong}')`);
      const failure = await copyTable(databases, 't', { selection, execution: 'again' }).catch(
        (error) => error,
      );
      expect(failure).toMatchObject({ code: 'target.value_rejected' });
      expect(JSON.stringify(failure) + String(failure)).not.toContain(tooLong);
      expect(await ends[1].place.query('SELECT COUNT(*) FROM t')).toEqual([['0']]);
    });
  });

  const SHOWN_OTHERWISE: readonly (readonly [Product, string, Product, string, value: string])[] = [
    ['postgres', 'numeric(38,31)', 'mariadb', 'decimal(65,35)', '1.5'],
    ['postgres', 'numeric(38,31)', 'mariadb', 'decimal(20,10)', '1.5'],
    ['postgres', 'numeric(38,31)', 'mariadb', 'int', '20'],
    ['postgres', 'numeric(6,2)', 'mariadb', 'decimal(10,2) zerofill', '1.5'],
    ['postgres', 'numeric', 'mariadb', 'decimal(10,2) zerofill', '1.5'],
    ['postgres', 'numeric(5,0)', 'mariadb', 'int(8) zerofill', '7'],
    ['postgres', 'integer', 'mariadb', 'decimal(12,0) zerofill', '7'],
    ['postgres', 'real', 'mariadb', 'double zerofill', '1.5'],
    ['postgres', 'numeric(10,0)', 'postgres', 'money', '5'],
    ['postgres', 'numeric(10,1)', 'postgres', 'money', '5.5'],
  ];

  test.for(SHOWN_OTHERWISE)(
    'are none where the target only shows them otherwise, and they are verified: %s %s to %s %s',
    async ([from, type, to, as, value]) => {
      const [source, target] = [await open(from), await open(to)];
      await source.place.execute(
        `CREATE TABLE t (id bigint PRIMARY KEY, v ${type}); INSERT INTO t VALUES (1, ${value}), (2, NULL)`,
      );
      await target.place.execute(`CREATE TABLE t (id bigint PRIMARY KEY, v ${as})`);
      const ends = { source: source.database, target: target.database };
      const { plan } = await copyTable(ends, 't');
      expect(await ends.target.writer.checksum(plan, null, never())).toEqual(
        await ends.source.reader.checksum(plan, null, never()),
      );
    },
  );

  test.for(['integer', 'numeric(4,0)'])(
    'bound ranges of the target all the same: bigint to postgres %s',
    async (as) => {
      const [from, to] = [await open('mariadb'), await open('postgres')];
      await from.place.execute(
        'CREATE TABLE t (id bigint unsigned PRIMARY KEY); INSERT INTO t VALUES (1), (2)',
      );
      const ends = { source: from.database, target: to.database };
      const { plan } = await copyTable(ends, 't', { selection: { columns: { types: { id: as } } } });
      const whole = await ends.source.reader.checksum(plan, null, never());
      for (const upto of ['3000000000', '18446744073709551615'])
        expect(
          await ends.target.writer.checksum(plan, { lane: 0, after: ['-3000000000'], upto: [upto] }, never()),
        ).toEqual(whole);
    },
  );

  test('keep no policy that would cast to more places than the server does', async () => {
    const [from, to] = [await open('mariadb'), await open('mariadb')];
    await from.place.execute('CREATE TABLE t (id bigint PRIMARY KEY, v decimal(65,38))');
    const types = { v: 'decimal(40,35)' };
    await expect(
      planBetween({ source: from.database, target: to.database }, 't', {
        selection: { columns: { types, policies: { v: 'clamp' } } },
      }),
    ).rejects.toMatchObject({ code: 'config.invalid', details: { column: 'v' } });
  });

  test.each(CASES)('$from $type to $to by $policy, counted and verified ($altered)', async (each) => {
    const [from, to] = [await open(each.from), await open(each.to)];
    const rows = each.values.map((value, at) => `(${at}, ${value})`);
    await from.place.execute(`CREATE TABLE t (id bigint PRIMARY KEY, v ${each.type});
      INSERT INTO t VALUES ${rows.join(', ')}, (${rows.length}, NULL)`);
    const ends = { source: from.database, target: to.database };
    const types = each.as === undefined ? {} : { types: { v: each.as } };
    const { plan } = await copyTable(ends, 't', {
      selection: { columns: { ...types, policies: { v: each.policy } } },
    });
    expect(plan.columns[1]).toMatchObject({ policy: each.policy, exact: false });
    expect((await to.place.query('SELECT v FROM t ORDER BY id')).map(([cell]) => cell)).toEqual([
      ...each.becomes,
      null,
    ]);
    expect(await from.database.reader.countAltered?.(plan, never())).toEqual([0n, BigInt(each.altered)]);
    expect(await to.database.writer.checksum(plan, null, never())).toEqual(
      await from.database.reader.checksum(plan, null, never()),
    );
  });

  test('become NULL only where that may stand, and never in a key', async () => {
    const [from, to] = [await open('postgres'), await open('mariadb')];
    await from.place.execute(
      'CREATE TABLE t (id double precision PRIMARY KEY, v date NOT NULL, n date, b bytea)',
    );
    const ends = { source: from.database, target: to.database };
    const planned = (policies: Readonly<Record<string, 'null' | 'clamp'>>) =>
      planBetween(ends, 't', { selection: { columns: { policies } } });
    await expect(planned({ v: 'null' })).rejects.toMatchObject({
      code: 'config.invalid',
      details: { column: 'v' },
    });
    for (const policy of ['null', 'clamp'] as const)
      await expect(planned({ id: policy })).rejects.toMatchObject({ code: 'config.invalid' });
    const { plan } = await planned({ '*': 'null' });
    expect(plan.columns.map(({ source, policy }) => [source, policy])).toEqual([
      ['id', 'error'],
      ['v', 'error'],
      ['n', 'null'],
      ['b', 'error'],
    ]);
  });
});
