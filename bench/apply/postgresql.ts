import { contentsOf, createScratchDatabases, query, runSqlFile } from '../source/scratch-databases.ts';
import {
  type ApplyEngine,
  type Changes,
  PER_STATEMENT,
  PER_TRANSACTION,
  perSession,
  STRIDE,
  TABLE_ROWS,
  timed,
} from './engine.ts';

/** A loop at the server. */
const renderChanges = (changes: Changes): readonly string[] =>
  perSession(changes, ({ at, of, statements }) =>
    changes.how === 'bulk'
      ? `DO $$ DECLARE a bigint; BEGIN FOR i IN 0..${statements - 1} LOOP
          a := (i::bigint * ${of} + ${at}) * ${PER_STATEMENT} % ${TABLE_ROWS};
          UPDATE orders SET amount = amount + 1 WHERE id > a AND id <= a + ${PER_STATEMENT};
          COMMIT;
        END LOOP; END $$`
      : `DO $$ BEGIN FOR i IN 1..${statements} LOOP
          UPDATE orders SET amount = amount + 1, qty = i % 100
            WHERE id = 1 + ${at} + ${of} * (i::bigint * ${STRIDE} % ${TABLE_ROWS / of});
          IF i % ${PER_TRANSACTION} = 0 THEN COMMIT; END IF;
        END LOOP; END $$`,
  );

export async function openPostgresql(server: string): Promise<ApplyEngine> {
  const databases = await createScratchDatabases(server);
  const { source, target } = databases;
  await runSqlFile(source, 'orders.sql', TABLE_ROWS);
  await databases.freshTarget(null);
  await runSqlFile(target, 'orders.sql', TABLE_ROWS);
  return {
    name: 'postgresql',
    title: 'PostgreSQL to PostgreSQL',
    source,
    target,
    change: (changes, where) => timed(renderChanges(changes), (sql) => query(where, sql)),
    settle: async () => void (await query(server, 'CHECKPOINT')),
    difference: async () =>
      (await contentsOf(source, 'orders')) === (await contentsOf(target, 'orders'))
        ? null
        : 'the target has other contents than the source',
    close: () => databases.drop(),
  };
}
