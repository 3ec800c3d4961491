import { afterEach, expect, test } from 'vitest';
import type { TablePlan } from '../../src/model/table-plan.ts';
import type { TableSchema } from '../../src/model/table-schema.ts';
import type { TestPlace } from '../contract/harness.ts';
import { never } from '../contract/test-tables.ts';
import { type Ends, makeStructures, planStructures } from '../support/copy-structure.ts';
import { EVERYTHING_MARIADB, EVERYTHING_POSTGRESQL, EVERYTHING_SQLITE } from '../support/shops.ts';
import { mariadbPlace } from '../support/mariadb-harness.ts';
import { postgresPlace } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';
import { sqlitePlace } from '../support/sqlite-harness.ts';

const PLACES = {
  postgresql: () => postgresPlace(),
  mariadb: () => mariadbPlace(),
  sqlite: () => sqlitePlace(),
} as const;
type Product = keyof typeof PLACES;
const EVERYTHING: Readonly<Record<Product, string>> = {
  postgresql: EVERYTHING_POSTGRESQL,
  mariadb: EVERYTHING_MARIADB,
  sqlite: EVERYTHING_SQLITE,
};

/** A serial column becomes an identity, which is no default. */
const asMade = (table: TableSchema): TableSchema => ({
  ...table,
  columns: table.columns.map((column) => (column.sequence?.owned ? { ...column, default: null } : column)),
});

/** What the target has of the shop, in few words. */
function outline(tables: readonly TableSchema[]) {
  const of = (name: string) => tables.find(({ table }) => table.name === name);
  return Object.fromEntries(
    ['people', 'homes'].map((name) => [
      name,
      {
        indexes: (of(name)?.indexes ?? [])
          .map((index) => `${index.name}${index.unique ? ' unique' : ''}${index.condition ? ' some' : ''}`)
          .sort(),
        checks: (of(name)?.checks ?? []).map((check) => check.name).sort(),
        foreignKeys: (of(name)?.foreignKeys ?? [])
          .map(
            (key) =>
              `${key.columns.join()} > ${key.references.name} ${key.onUpdate}/${key.onDelete} ${key.checked}`,
          )
          .sort(),
        defaults: (of(name)?.columns ?? [])
          .filter((column) => column.default !== null)
          .map((column) => column.name)
          .sort(),
      },
    ]),
  );
}

/** In SQLite foreign keys stand in the table, and are looked at each time. */
const lookedAt = (target: Product, plans: readonly TablePlan[]): number =>
  target === 'sqlite' ? plans.filter(({ foreignKeys = [] }) => foreignKeys.length > 0).length : 0;

interface Pair {
  readonly source: Product;
  readonly target: Product;
  readonly outline: ReturnType<typeof outline>;
  readonly leftOut: readonly string[];
}

const PAIRS: readonly Pair[] = [
  {
    source: 'postgresql',
    target: 'mariadb',
    leftOut: [
      'SET DEFAULT nextval(',
      'GENERATED ALWAYS AS',
      '-- public.visits is partitioned at the source',
      'CREATE INDEX homes_large',
      'CREATE INDEX homes_street',
      'CREATE INDEX homes_words',
      'CREATE UNIQUE INDEX people_loud',
      '`people_odd` CHECK',
      'FOREIGN KEY (home)',
    ],
    outline: {
      people: {
        indexes: ['people_boss', 'people_home', 'people_mail_key unique'],
        checks: ['people_age', 'people_kind'],
        foreignKeys: ['boss > people restrict/set null at-once', 'home > homes restrict/restrict at-once'],
        defaults: ['active', 'born', 'kind', 'since'],
      },
      homes: {
        indexes: ['homes_owner', 'homes_street'],
        checks: ['homes_size'],
        foreignKeys: ['owner > people cascade/cascade at-once'],
        defaults: ['size'],
      },
    },
  },
  {
    source: 'postgresql',
    target: 'sqlite',
    leftOut: [
      "comment on note: of the 'owner'",
      "invoice DEFAULT nextval('public.invoice_numbers'::regclass)",
      'loud GENERATED ALWAYS AS upper((kind)::text)',
      'comment on the table: who comes',
      'the partitions of public.visits',
      'CREATE INDEX homes_street',
      'CREATE INDEX homes_words',
      'CREATE UNIQUE INDEX people_loud',
      '"people_odd" CHECK',
    ],
    outline: {
      people: {
        indexes: ['people_mail_key unique'],
        checks: ['people_age', 'people_kind'],
        foreignKeys: [
          'boss > people no action/set null at-once',
          'home > homes no action/no action deferred',
        ],
        defaults: ['active', 'born', 'kind', 'since'],
      },
      homes: {
        indexes: ['homes_large some', 'homes_street'],
        checks: ['homes_size'],
        foreignKeys: ['owner > people cascade/cascade at-once'],
        defaults: ['size'],
      },
    },
  },
  {
    source: 'mariadb',
    target: 'postgresql',
    leftOut: [
      'GENERATED ALWAYS AS',
      'CREATE FULLTEXT INDEX `words`',
      'CREATE INDEX `note`',
      '"people_odd" CHECK',
    ],
    outline: {
      people: {
        indexes: ['people_boss', 'people_home', 'people_idx', 'people_mail unique'],
        checks: ['people_kind'],
        foreignKeys: ['boss > people restrict/set null at-once', 'home > homes restrict/restrict at-once'],
        defaults: ['active', 'kind', 'since'],
      },
      homes: {
        indexes: ['homes_idx', 'homes_owner'],
        checks: ['homes_size'],
        foreignKeys: ['owner > people cascade/cascade at-once'],
        defaults: ['size'],
      },
    },
  },
  {
    source: 'mariadb',
    target: 'sqlite',
    leftOut: [
      "comment on street: of the 'owner'",
      'loud GENERATED ALWAYS AS ucase(`kind`)',
      'comment on the table: who comes',
      'CREATE FULLTEXT INDEX `words`',
      'CREATE INDEX `note`',
      '"people_odd" CHECK',
    ],
    outline: {
      people: {
        indexes: ['people_boss', 'people_home', 'people_idx', 'people_mail unique'],
        checks: ['people_kind'],
        foreignKeys: ['boss > people restrict/set null at-once', 'home > homes restrict/restrict at-once'],
        defaults: ['active', 'kind', 'since'],
      },
      homes: {
        indexes: ['homes_idx', 'homes_owner'],
        checks: ['homes_size'],
        foreignKeys: ['owner > people cascade/cascade at-once'],
        defaults: ['size'],
      },
    },
  },
  {
    source: 'sqlite',
    target: 'postgresql',
    leftOut: ['GENERATED ALWAYS AS', 'CREATE UNIQUE INDEX people_folded', '"people_odd" CHECK'],
    outline: {
      people: {
        indexes: ['people_mail_key unique'],
        checks: ['people_check_1'],
        foreignKeys: [
          'boss > people no action/set null at-once',
          'home > homes no action/no action deferred',
        ],
        defaults: ['active', 'kind', 'since'],
      },
      homes: {
        indexes: ['homes_large some', 'homes_street'],
        checks: ['homes_size'],
        foreignKeys: ['owner > people cascade/cascade at-once'],
        defaults: ['size'],
      },
    },
  },
  {
    source: 'sqlite',
    target: 'mariadb',
    leftOut: [
      'GENERATED ALWAYS AS',
      'CREATE INDEX homes_large',
      'CREATE UNIQUE INDEX people_folded',
      '`people_odd` CHECK',
      'FOREIGN KEY ("home")',
    ],
    outline: {
      people: {
        indexes: ['people_boss_fkey', 'people_home_fkey', 'people_mail_key unique'],
        checks: ['people_check_1'],
        foreignKeys: ['boss > people restrict/set null at-once', 'home > homes restrict/restrict at-once'],
        defaults: ['active', 'kind', 'since'],
      },
      homes: {
        indexes: ['homes_owner_fkey', 'homes_street'],
        checks: ['homes_size'],
        foreignKeys: ['owner > people cascade/cascade at-once'],
        defaults: ['size'],
      },
    },
  },
];

describeWith(['postgres', 'mariadb'], 'the structure of a whole schema', () => {
  let from: TestPlace;
  let to: TestPlace;
  let ends: Ends;

  const open = async (source: Product, target: Product): Promise<void> => {
    [from, to] = await Promise.all([PLACES[source](), PLACES[target]()]);
    await from.execute(EVERYTHING[source]);
    ends = { source: await from.open(), target: await to.open() };
  };
  const atTarget = async (): Promise<readonly TableSchema[]> => {
    const names = (await ends.target.introspector.listTables(never())).map(({ table }) => table);
    return ends.target.introspector.describeTables(names, never());
  };
  afterEach(() => Promise.all([from.drop(), to.drop()]));

  test.each(['postgresql', 'mariadb', 'sqlite'] as const)(
    'between two of %s is the same, and made once',
    async (product) => {
      await open(product, product);
      const first = await makeStructures(ends);
      const names = first.plans.map(({ source }) => source);
      const before = await ends.source.introspector.describeTables(names, never());
      expect(outline(await atTarget())).toEqual(outline(before.map(asMade)));
      expect((await makeStructures(ends)).made).toBe(lookedAt(product, first.plans));
    },
  );

  test.each(PAIRS)('from $source to $target has what both know, and lists the rest', async (pair) => {
    await open(pair.source, pair.target);
    const first = await makeStructures(ends);
    expect(outline(await atTarget())).toEqual(pair.outline);
    for (const part of pair.leftOut) expect(first.leftOut.join('\n')).toContain(part);
    expect(first.leftOut).toHaveLength(pair.leftOut.length);
    const second = await makeStructures(ends);
    expect(second.made).toBe(lookedAt(pair.target, first.plans));
    expect(second.leftOut.filter((each) => !first.leftOut.includes(each))).toEqual([]);
  });

  test.each(['postgresql', 'mariadb'] as const)(
    'in %s foreign keys that stand in the way of rows are dropped and made again, in a circle too',
    async (product) => {
      await open(product, product);
      await makeStructures(ends);
      const before = outline(await atTarget());
      const again = await planStructures(ends, { execution: 'two', write: { mode: 'truncate' } });
      const meanwhile = outline(await atTarget());
      expect(Object.values(meanwhile).flatMap(({ foreignKeys }) => foreignKeys)).toEqual([]);
      await again.finish();
      await again.link();
      expect(outline(await atTarget())).toEqual(before);
      await makeStructures(ends, { execution: 'three', structure: { policy: 'replace' } });
      expect(outline(await atTarget())).toEqual(before);
    },
  );

  test.each(['postgresql', 'mariadb'] as const)(
    'in %s foreign keys that were dropped are made again at the end of a run in which no table was linked; what rows break is named',
    async (product) => {
      await open(product, product);
      await makeStructures(ends);
      const before = outline(await atTarget());
      const again = await planStructures(ends, { execution: 'two', write: { mode: 'truncate' } });
      expect(await again.restore()).toEqual([]);
      expect(outline(await atTarget())).toEqual(before);
      expect(await again.restore()).toEqual([]);
      const third = await planStructures(ends, { execution: 'three', write: { mode: 'truncate' } });
      await to.execute('INSERT INTO homes (size, owner) VALUES (1, 77)');
      expect(await third.restore()).toEqual([
        {
          table: expect.any(String) as string,
          sql: expect.stringContaining('constraint_violated') as string,
        },
      ]);
    },
  );

  test('a foreign key that the source has not is left alone, and one to rows outside of the transfer is never emptied through', async () => {
    await open('postgresql', 'postgresql');
    await makeStructures(ends);
    await to.execute(
      `CREATE TABLE guests (of int REFERENCES homes ON DELETE CASCADE); INSERT INTO homes (size) VALUES (1); INSERT INTO guests VALUES (1)`,
    );
    await expect(
      planStructures(ends, { execution: 'two', write: { mode: 'truncate' } }),
    ).rejects.toMatchObject({
      code: 'target.constraint_violated',
      details: { suggestion: expect.stringContaining('guests') as string },
    });
    expect(await to.query('SELECT count(*) FROM guests')).toEqual([['1']]);
  });

  test.each([
    ['postgresql', 'mariadb'],
    ['postgresql', 'sqlite'],
    ['mariadb', 'postgresql'],
    ['sqlite', 'mariadb'],
  ] as const)(
    'from %s to %s what has the name and is another thing is left alone, and named',
    async (source, target) => {
      [from, to] = await Promise.all([PLACES[source](), PLACES[target]()]);
      const tables = (index: string, check: string, rule: string): string =>
        `CREATE TABLE places (id int PRIMARY KEY);
         CREATE TABLE things (id int PRIMARY KEY, price int, cost int, place int, CONSTRAINT things_price CHECK (${check}),
           CONSTRAINT things_place FOREIGN KEY (place) REFERENCES places (id) ${rule});
         CREATE INDEX ${index}`;
      await from.execute(tables('things_best ON things (price)', 'price > 0', 'ON DELETE CASCADE'));
      const best = target === 'postgresql' ? 'things_best' : 'Things_Best';
      await to.execute(tables(`${best} ON things (cost)`, 'price > 1', ''));
      ends = { source: await from.open(), target: await to.open() };
      const { leftOut } = await makeStructures(ends);
      const things = (await atTarget()).find(({ table }) => table.name === 'things');
      expect(things?.indexes.find(({ name }) => name === best)?.columns).toEqual(['cost']);
      // Foreign keys of SQLite have no name of their own.
      const key = source === 'sqlite' ? [] : ['ON DELETE CASCADE'];
      for (const part of ['things_best', 'price > 0', ...key])
        expect(leftOut.join('\n').replaceAll(/["`()]/g, '')).toContain(part);
    },
  );

  test.each(['postgresql', 'mariadb', 'sqlite'] as const)(
    'in %s a check names the column that it named, whatever letters it was written in',
    async (product) => {
      [from, to] = await Promise.all([PLACES[product](), PLACES[product]()]);
      await from.execute('CREATE TABLE things (id int PRIMARY KEY, price int, cost int, CHECK (PRICE > 0))');
      ends = { source: await from.open(), target: await to.open() };
      const rename = { price: 'cost', cost: 'price' };
      await makeStructures(ends, { tables: { '*.things': { columns: { rename } } } });
      await to.execute('INSERT INTO things (id, price, cost) VALUES (1, -1, 1)');
      await expect(to.execute('INSERT INTO things (id, price, cost) VALUES (2, 1, -1)')).rejects.toThrow();
    },
  );

  test('under verify nothing is made or dropped, and what is missing is named', async () => {
    await open('postgresql', 'postgresql');
    await makeStructures(ends);
    await to.execute('DROP INDEX homes_street; ALTER TABLE people DROP CONSTRAINT people_boss');
    const { made, leftOut } = await makeStructures(ends, {
      execution: 'two',
      structure: { policy: 'verify' },
    });
    expect(made).toBe(0);
    expect(
      leftOut
        .filter((each) => each.includes('missing at the target'))
        .map((each) => /homes_street|people_boss/.exec(each)?.[0]),
    ).toEqual(['homes_street', 'people_boss']);
  });

  test('a unique index over double rows is refused with the query that finds them, and made once they are gone', async () => {
    await open('postgresql', 'mariadb');
    const planned = await planStructures(ends);
    await to.execute(
      `INSERT INTO people (id, mail, active, since) VALUES (1, 'a@x', 1, now()), (2, 'a@x', 1, now())`,
    );
    const failure = await planned.finish().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'target.constraint_violated',
      details: { suggestion: expect.stringContaining('HAVING COUNT(*) > 1') as string },
    });
    await to.execute('DELETE FROM people WHERE id = 2');
    await planned.finish();
    expect((await atTarget()).flatMap(({ indexes }) => indexes).filter(({ unique }) => unique)).toHaveLength(
      1,
    );
  });

  test('kinds that are left out by wish are not made', async () => {
    await open('postgresql', 'sqlite');
    const wish = { indexes: false, foreignKeys: false, checks: false, defaults: false, comments: false };
    await makeStructures(ends, { structure: wish });
    expect(Object.values(outline(await atTarget())).flatMap((each) => Object.values(each).flat())).toEqual(
      [],
    );
  });
});
