import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeLooked, type Looked } from '../../src/databases/mysql/capture/claims/gaps.ts';
import { MOST_GAPS } from '../../src/databases/mysql/capture/claims/look.ts';
import { createTransactionWatch } from '../../src/databases/mysql/capture/claims/open-transactions.ts';
import { sealClaim } from '../../src/databases/mysql/capture/claims/seal-claim.ts';
import { openSession } from '../../src/databases/mysql/connections/session.ts';
import { mysql } from '../../src/databases/mysql/dialect.ts';
import type { ChangeCapture, Lease } from '../../src/engine/ports/change-capture.ts';
import { LANE, takeAll, TRANSFER, WIDE } from '../contract/changes-steps.ts';
import { never } from '../contract/test-tables.ts';
import { eventually } from '../support/eventually.ts';
import {
  type MariadbChanges,
  mariadbChanges,
  type MariadbWriter,
  PLACE,
} from '../support/mariadb-changes.ts';
import { MARIADB_OPTIONS } from '../support/mariadb-harness.ts';
import { describeProducts } from '../support/describe-products.ts';

/** Ids that were drawn and are not seen: of a transaction that is open still, or of one that was rolled back. */
describeProducts('gaps in the ids', (product) => {
  let source: MariadbChanges;
  let changes: ChangeCapture;
  let writer: MariadbWriter;
  let lease: Lease;

  beforeEach(async () => {
    source = await mariadbChanges(product);
    changes = source.changes;
    const a = await source.captureTable('a');
    writer = await source.writer();
    await changes.register(TRANSFER, [{ lane: 1, tables: [a] }], never());
    lease = await changes.lease(LANE, never());
  });
  afterEach(() => source.drop());

  const looked = async (): Promise<Looked> =>
    decodeLooked((await source.query('SELECT looked FROM sluice_capture_lanes'))[0]![0]!);
  const rollBack = async (id: number): Promise<void> => {
    await writer.begin();
    await writer.insert('a', [id]);
    await writer.rollback();
  };
  /** Looks until the lane has asked so often which transactions are open that a gap of what has ended is given up. */
  const lookLong = async (): Promise<void> => {
    let id = 100;
    for (let time = 0; time < 2; time += 1) {
      await rollBack((id += 1));
      await writer.insert('a', [(id += 1)]);
      await takeAll(changes, lease);
      await eventually('the lane knows what is open', async () => {
        await writer.insert('a', [(id += 1)]);
        await takeAll(changes, lease);
        return (await looked()).gaps.every(({ open }) => open !== null);
      });
    }
  };

  const isDetached = async (): Promise<boolean> => {
    const [[count] = []] = await source.query(
      'SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id = 0',
    );
    return count !== '0';
  };

  test('of what was rolled back are forgotten when those have ended that were open beside it', async () => {
    const beside = await source.writer();
    await beside.begin();
    await beside.insert('a', [1]);
    await rollBack(2);
    await writer.insert('a', [3]);
    expect(await takeAll(changes, lease)).toEqual(['I 3=0']);
    expect((await looked()).gaps).toHaveLength(1);
    await beside.rollback();
    await eventually('nothing is looked for any more', async () => {
      expect(await takeAll(changes, lease)).toEqual([]);
      return (await looked()).gaps.length === 0;
    });
  });

  test('are looked for as long as their transaction is open', async () => {
    const long = await source.writer();
    await long.begin();
    await long.insert('a', [1]);
    await lookLong();
    await long.commit();
    expect(await takeAll(changes, lease)).toContain('I 1=0');
  });

  test('are looked at in one moment with what is behind them: a change is never taken before an earlier one', async () => {
    const long = await source.writer();
    await long.begin();
    await long.insert('a', [1]);
    await writer.insert('a', [2]);
    expect(await takeAll(changes, lease)).toEqual(['I 2=0']);
    const session = await openSession(mysql.parseUrl(source.place.url, {}), 'sluice-test');
    const asked: string[] = [];
    const told = new Proxy(session, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (key !== 'query') return member;
        return async (text: string) => {
          const answer = await session.query(text);
          if (text.includes('ORDER BY id') && asked.push(text) === 1) {
            await long.commit();
            await writer.bump('a', 1);
          }
          return answer;
        };
      },
    });
    const limits = { lease, limits: WIDE };
    expect(await sealClaim(told, source.names, createTransactionWatch(), limits)).toBeNull();
    expect(asked).toHaveLength(2);
    await session.end();
    expect(await takeAll(changes, lease)).toEqual(['I 1=0', 'U 1=1']);
  });

  test('are looked for while a prepared transaction belongs to no session', async () => {
    const prepared = await source.writer();
    const name = source.place.name;
    await prepared.execute(
      `XA START '${name}'; INSERT INTO a VALUES (1, 0); XA END '${name}'; XA PREPARE '${name}'`,
    );
    await prepared.close();
    await eventually('it belongs to nobody', isDetached);
    await lookLong();
    const { gaps } = await looked();
    expect(gaps.length).toBeGreaterThan(0);
    await source.execute(`XA COMMIT '${name}'`);
    expect(await takeAll(changes, lease)).toContain('I 1=0');
  });

  test('are forgotten although a prepared transaction belongs to no session, for it has not written them', async () => {
    const prepared = await source.writer();
    const name = source.place.name;
    await source.execute('CREATE TABLE other (id int PRIMARY KEY)');
    await prepared.execute(
      `XA START '${name}'; INSERT INTO other VALUES (1); XA END '${name}'; XA PREPARE '${name}'`,
    );
    await prepared.close();
    await eventually('it belongs to nobody', isDetached);
    await rollBack(1);
    await writer.insert('a', [2]);
    expect(await takeAll(changes, lease)).toEqual(['I 2=0']);
    await eventually('nothing is looked for any more', async () => {
      expect(await takeAll(changes, lease)).toEqual([]);
      return (await looked()).gaps.length === 0;
    });
    await source.execute(`XA ROLLBACK '${name}'`);
  });

  test('are not looked beyond when there are too many, and nothing is lost', async () => {
    const long = await source.writer();
    await long.begin();
    await long.insert('a', [1]);
    // As a rolled back event each would be, one by one.
    await source.execute(
      `SET ${product === 'mysql' ? 'cte_max_recursion_depth' : 'max_recursive_iterations'} = 20000;
       INSERT INTO sluice_event_logs (id, table_number, operation, transaction_id, recorded_at, db_user, new_row)
       WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${MOST_GAPS + 10})
       SELECT 10 + 2 * n, 1, 'I', '', UTC_TIMESTAMP(6), '', CONCAT('{"id": ', 100000 + n, ', "n": 0}') FROM s`,
    );
    const first = [...(await takeAll(changes, lease))];
    expect(first.length).toBeLessThan(MOST_GAPS + 5);
    await long.commit();
    const rest = await eventually('all are there', async () => {
      first.push(...(await takeAll(changes, lease)));
      return first.length >= MOST_GAPS + 11 && first;
    });
    expect(new Set(rest).size).toBe(MOST_GAPS + 11);
  });

  describe('of a user who may not ask for transactions', () => {
    let own: ChangeCapture;
    let close: () => Promise<void>;

    beforeEach(async () => {
      const user = `${source.place.name.slice(-8)}_blind`;
      await source.execute(
        `CREATE USER '${user}'@'%' IDENTIFIED BY 'p'; GRANT ALL ON ${source.place.name}.* TO '${user}'@'%'`,
      );
      const url = new URL(source.place.url);
      Object.assign(url, { username: user, password: 'p' });
      const database = await mysql.open(mysql.parseUrl(url.href, {}), MARIADB_OPTIONS);
      own = database.capture!(PLACE).changes;
      lease = await own.lease(LANE, never());
      close = async () => {
        await database.close();
        await source.execute(`DROP USER '${user}'@'%'`);
      };
    });
    afterEach(() => close());

    /** As if the gaps had been found long ago. */
    const age = (): Promise<void> =>
      source.execute(
        `UPDATE sluice_capture_lanes SET looked = REGEXP_REPLACE(looked, '"since":[0-9.]+', '"since":0')`,
      );

    test('are kept for long, and longer where somebody has written them', async () => {
      const long = await source.writer();
      await long.begin();
      await long.insert('a', [1]);
      await rollBack(2);
      await writer.insert('a', [3]);
      expect(await takeAll(own, lease)).toEqual(['I 3=0']);
      expect(await takeAll(own, lease)).toEqual([]);
      await age();
      expect(await takeAll(own, lease)).toEqual([]);
      await long.commit();
      expect(await takeAll(own, lease)).toEqual(['I 1=0']);
      expect((await looked()).gaps).toEqual([]);
      await rollBack(4);
      await writer.insert('a', [5]);
      expect(await takeAll(own, lease)).toEqual(['I 5=0']);
      expect(await takeAll(own, lease)).toEqual([]);
      expect((await looked()).gaps).toHaveLength(1);
    });
  });
});
