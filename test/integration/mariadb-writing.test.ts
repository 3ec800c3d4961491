import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import {
  createTestTable,
  never,
  planOf,
  readBlocks,
  smallBlocks,
  wholeRange,
} from '../contract/test-tables.ts';
import { batchOf, copyLane, laneOf, orderRows, orders, startTable } from '../contract/test-transfer.ts';
import { eventually } from '../support/eventually.ts';
import { mariadbHarness as harness, type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'writing to MariaDB', () => {
  let from: MariadbPlace;
  let to: MariadbPlace;
  let source: Database;
  let target: Database;

  beforeEach(async () => {
    [from, to] = await Promise.all([mariadbPlace(), mariadbPlace()]);
    [source, target] = await Promise.all([from.open(), to.open()]);
  });
  afterEach(() => Promise.all([from.drop(), to.drop()]));

  const people = (name: string) =>
    `CREATE TABLE people (id int PRIMARY KEY, mail varchar(40), name varchar(40)${name})`;
  const upsert = { spec: { write: { mode: 'upsert' } } } as const;
  const all = 'SELECT * FROM people ORDER BY id';

  test('an upsert never touches the row that another unique key names', async () => {
    await from.execute(`${people('')}; INSERT INTO people VALUES (1, 'a', 'new'), (3, 'b', 'other')`);
    await to.execute(
      `${people(', UNIQUE (mail)')}; INSERT INTO people VALUES (1, 'a', 'old'), (2, 'b', 'kept')`,
    );
    const started = await startTable(harness, { source, target }, 'people', upsert);
    await expect(copyLane({ source, target }, started)).rejects.toMatchObject({
      code: 'target.constraint_violated',
    });
    expect(await to.query(all)).toEqual([
      ['1', 'a', 'old'],
      ['2', 'b', 'kept'],
    ]);
    await to.execute("UPDATE people SET mail = 'c' WHERE id = 2");
    await copyLane({ source, target }, started);
    expect(await to.query(all)).toEqual([
      ['1', 'a', 'new'],
      ['2', 'c', 'kept'],
      ['3', 'b', 'other'],
    ]);
  });

  test('two rows that the target takes for one key are refused by an upsert', async () => {
    await from.execute(
      `CREATE TABLE tags (tag varchar(9) COLLATE utf8mb4_bin PRIMARY KEY, n int); INSERT INTO tags VALUES ('a', 1), ('A', 2)`,
    );
    await to.execute(
      `CREATE TABLE tags (tag varchar(9) COLLATE utf8mb4_bin PRIMARY KEY, n int); INSERT INTO tags VALUES ('a', 0)`,
    );
    const started = await startTable(harness, { source, target }, 'tags', upsert);
    // What the plan would refuse, had it seen it.
    await to.execute('ALTER TABLE tags MODIFY tag varchar(9) COLLATE utf8mb4_general_ci');
    await expect(copyLane({ source, target }, started)).rejects.toMatchObject({
      code: 'target.constraint_violated',
    });
    expect(await to.query('SELECT * FROM tags')).toEqual([['a', '0']]);
  });

  describe.each([true, false])('with LOAD DATA: %s', (loadData) => {
    let place: MariadbPlace;
    beforeEach(async () => {
      place = await mariadbPlace('mariadb', { loadData });
      target = await place.open();
    });
    afterEach(() => place.drop());

    test('every row arrives, or none and the reason', async () => {
      const rows = [
        ...orderRows(1, 20),
        ['21', "it's\\ \t\n\r\b\v\f\u0001 🙂 $value $& \\N", null],
        ['22', '\\N', 't'],
      ] as const;
      await createTestTable(harness, from, orders, rows);
      const started = await startTable(harness, { source, target }, 'orders');
      await copyLane({ source, target }, started);
      expect(await place.query('SELECT * FROM orders')).toEqual(await from.query('SELECT * FROM orders'));
    });

    test.each([
      ['a value that does not fit', 'note varchar(3) NULL', 'target.value_rejected', 'note'],
      ['blanks that would be cut', 'note varchar(6) NULL', 'target.value_rejected', 'note'],
      [
        'a row that a check forbids',
        'note longtext NULL, CHECK (id <> 3)',
        'target.constraint_violated',
        null,
      ],
      ['a row whose key is there', 'note longtext NULL, UNIQUE (paid)', 'target.constraint_violated', null],
    ])('%s undoes the whole batch', async (_, column, code, named) => {
      await createTestTable(harness, from, orders, [
        ...orderRows(1, 2),
        ['3', 'note 3  ', 't'],
        ['4', 'x', 'f'],
      ]);
      const wide = await planOf(harness, { source, target }, 'orders');
      await target.ledger.install(never());
      await place.execute(`CREATE TABLE orders (id bigint PRIMARY KEY, paid tinyint(1) NULL, ${column})`);
      const { run } = await target.ledger.openRun(
        { transfer: 'night', execution: 'x', planHash: 'p', spec: '{}' },
        never(),
      );
      const planned = {
        plan: wide.plan,
        generation: 1,
        ranges: [wholeRange],
        incarnation: '',
        changeMarker: '',
      };
      await target.ledger.planTable({ transfer: 'night', run }, planned, { replaceBy: null }, never());
      const failure = await copyLane({ source, target }, { run, ...wide, planned }).catch(
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ code, ...(named && { details: { column: named } }) });
      expect(JSON.stringify(failure) + String(failure)).not.toMatch(/note 1|note 3/);
      expect(await place.query('SELECT COUNT(*) FROM orders')).toEqual([['0']]);
      expect((await target.ledger.lanes('night', run, wide.plan.id, never()))[0]).toMatchObject({
        n: 0,
        rows: 0,
      });
    });
  });

  test('a session that is killed in its middle leaves nothing of a batch behind', async () => {
    await createTestTable(harness, from, orders, orderRows(1, 10));
    const started = await startTable(harness, { source, target }, 'orders');
    const lane = laneOf(started);
    const { attempt, epoch } = await target.ledger.openLane(lane, never());
    const [block] = await readBlocks(
      source,
      { plan: started.plan, range: wholeRange },
      { ...smallBlocks, blockRows: 10 },
    );
    const batch = batchOf(started.plan, block!, { lane, attempt, epoch, n: 1 });
    const transaction = await target.writer.begin(never());
    expect(await transaction.advance(batch)).toBe(true);
    const sessions = await to.query(
      `SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '${to.name}' AND COMMAND = 'Sleep'`,
    );
    for (const [id] of sessions) await to.execute(`KILL ${id}`).catch(() => undefined);
    await expect(transaction.write(started.plan, batch)).rejects.toMatchObject({
      code: 'database.unreachable',
    });
    expect(await target.writer.countRows(started.plan, never())).toBe(0n);
    expect((await target.ledger.lanes('night', started.run, started.plan.id, never()))[0]).toMatchObject({
      n: 0,
    });
  });

  test('a table in an engine without transactions is refused with what mends it', async () => {
    await createTestTable(harness, from, orders);
    await to.execute(
      'CREATE TABLE orders (id bigint PRIMARY KEY, note longtext, paid tinyint(1)) ENGINE=MyISAM',
    );
    const { plan, schema } = await planOf(harness, { source, target }, 'orders');
    await expect(
      target.writer.prepare({ plan, source: schema, policy: 'create-missing' }, never()),
    ).rejects.toMatchObject({
      code: 'target.structure_differs',
      details: { suggestion: expect.stringContaining('ENGINE=InnoDB') },
    });
  });

  test('an identity goes on behind the highest value that came', async () => {
    await from.execute(
      'CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v int); INSERT INTO t VALUES (0, 1), (41, 2)',
    );
    const started = await startTable(harness, { source, target }, 't');
    await copyLane({ source, target }, started);
    await target.writer.finish(started.plan, never());
    await to.execute('INSERT INTO t (v) VALUES (3)');
    expect(await to.query('SELECT id FROM t ORDER BY id')).toEqual([['0'], ['41'], ['42']]);
  });

  test('defaults, comments, collations, documents and generated columns are kept', async () => {
    await from.execute(`CREATE TABLE parent (id int PRIMARY KEY);
      CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, a varchar(9) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT 'x''y' COMMENT 'it''s',
        n decimal(5,2) DEFAULT 1.50, at datetime(3) DEFAULT CURRENT_TIMESTAMP(3), d json, g int GENERATED ALWAYS AS (parent + 1) STORED,
        parent int, KEY by_a (a), FOREIGN KEY fk (parent) REFERENCES parent (id) ON DELETE CASCADE, CONSTRAINT pos CHECK (n > 0)) COMMENT 'a table'`);
    const { plan, schema } = await planOf(harness, { source, target }, 't');
    const outcome = await target.writer.prepare({ plan, source: schema, policy: 'create-missing' }, never());
    // Keys, checks and indexes are made when the rows are there.
    expect(outcome.leftOut).toEqual([]);
    const [left] = await source.introspector.describeTables([{ schema: from.name, name: 't' }], never());
    const [right] = await target.introspector.describeTables([{ schema: to.name, name: 't' }], never());
    // Those that are generated come last.
    expect(new Set(right!.columns)).toEqual(new Set(left!.columns));
    expect(right!.comment).toBe('a table');
    expect(await target.writer.prepare({ plan, source: schema, policy: 'verify' }, never())).toMatchObject({
      done: 'verified',
    });
  });

  test('a consistent snapshot shows what was, to one reader after the other, and dies with its connection', async () => {
    await createTestTable(harness, from, orders, orderRows(1, 30));
    const { plan } = await planOf(harness, { source, target }, 'orders');
    const held = await source.reader.holdSnapshot(never());
    await from.execute('DELETE FROM orders WHERE id > 10');
    const options = { ...smallBlocks, snapshot: held.ref };
    const counts = await Promise.all(
      [1, 2, 3].map(async () => {
        const blocks = await readBlocks(source, { plan, range: wholeRange }, options);
        return blocks.reduce((sum, { rows }) => sum + rows, 0);
      }),
    );
    expect(counts).toEqual([30, 30, 30]);
    const stop = new AbortController();
    const leave = async (signal: AbortSignal, leaving: () => void): Promise<void> => {
      const request = { plan, range: wholeRange, after: null };
      for await (const block of source.reader.readRange(request, options, signal)) {
        expect(block.rows).toBe(7);
        leaving();
        if (signal !== stop.signal) break;
      }
    };
    await leave(never(), () => undefined);
    await expect(leave(stop.signal, () => stop.abort(new Error('enough')))).rejects.toThrow('enough');
    const again = await readBlocks(source, { plan, range: wholeRange }, options);
    expect(again.reduce((sum, { rows }) => sum + rows, 0)).toBe(30);
    await held.check(never());
    await held.close();
    await expect(readBlocks(source, { plan, range: wholeRange }, options)).rejects.toMatchObject({
      code: 'source.snapshot_lost',
    });
  });

  test('rows of a table without a key that change between two attempts are neither missed nor doubled', async () => {
    await from.execute(
      'CREATE TABLE t (a int, b varchar(9)); INSERT INTO t SELECT seq DIV 2, seq % 3 FROM seq_1_to_90',
    );
    const { plan } = await planOf(harness, { source, target }, 't');
    expect(plan.position).toMatchObject({ kind: 'row-address', needsSnapshot: true });
    const held = await source.reader.holdSnapshot(never());
    const options = { ...smallBlocks, snapshot: held.ref };
    const whole = await readBlocks(source, { plan, range: wholeRange }, options);
    await from.execute(
      "UPDATE t SET b = CONCAT(b, 'x'); DELETE FROM t WHERE a % 3 = 0; INSERT INTO t SELECT seq, 'n' FROM seq_1_to_50",
    );
    const rest = await readBlocks(source, { plan, range: wholeRange, after: whole[4]!.last }, options);
    const texts = (blocks: typeof whole) => blocks.map(({ data }) => data.toString()).join('');
    expect(texts(whole.slice(0, 5)) + texts(rest)).toBe(texts(whole));
    await held.close();
  });

  test('a statement that is aborted ends, here and at the server', async () => {
    await createTestTable(harness, from, orders, orderRows(1, 1));
    const { plan } = await planOf(harness, { source, target }, 'orders');
    const running = async (): Promise<boolean> => {
      const [row] = await from.query(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID() AND INFO LIKE '%SLEEP%'",
      );
      return row?.[0] !== '0';
    };
    const stop = new AbortController();
    const slow = { ...plan, where: 'SLEEP(30) IS NOT NULL' };
    const checksum = source.reader.checksum(slow, null, stop.signal).catch((error: unknown) => error);
    await eventually('it runs', running);
    stop.abort(new Error('enough'));
    expect(await checksum).toMatchObject({ message: 'enough' });
    await eventually('it is over', async () => !(await running()));
  });
});
