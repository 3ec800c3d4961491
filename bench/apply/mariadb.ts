import { createMariadbDatabases, mariadbContents, mariadbQuery } from '../source/mariadb-databases.ts';
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

const FILL = `INSERT INTO orders SELECT seq, seq % 100000, 'paid', (seq % 1000000) / 100.0, TIMESTAMPADD(SECOND, seq, '2024-01-01'),
  CONCAT(MD5(seq), MD5(seq + 1)), CONCAT('{"k":', seq, ',"x":"', MD5(seq), '","tags":["a","b"]}'), seq % 100, seq % 2,
  INSERT(INSERT(INSERT(INSERT(MD5(seq), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'), 24, 0, '-') FROM seq_1_to_${TABLE_ROWS}`;

/** A loop at the server. */
const renderChanges = (changes: Changes): readonly string[] =>
  perSession(changes, ({ at, of, statements }) =>
    changes.how === 'bulk'
      ? `BEGIN NOT ATOMIC DECLARE i BIGINT DEFAULT 0; DECLARE a BIGINT; WHILE i < ${statements} DO
          SET a = (i * ${of} + ${at}) * ${PER_STATEMENT} % ${TABLE_ROWS}; SET i = i + 1;
          UPDATE orders SET amount = amount + 1 WHERE id > a AND id <= a + ${PER_STATEMENT};
        END WHILE; END`
      : `BEGIN NOT ATOMIC DECLARE i BIGINT DEFAULT 0; START TRANSACTION; WHILE i < ${statements} DO
          SET i = i + 1;
          UPDATE orders SET amount = amount + 1, qty = i % 100
            WHERE id = 1 + ${at} + ${of} * (i * ${STRIDE} % ${TABLE_ROWS / of});
          IF i % ${PER_TRANSACTION} = 0 THEN COMMIT; START TRANSACTION; END IF;
        END WHILE; COMMIT; END`,
  );

export async function openMariadb(server: string): Promise<ApplyEngine> {
  const databases = await createMariadbDatabases(server);
  const { source, target } = databases;
  await databases.freshSource(true);
  await databases.freshTarget(true);
  for (const url of [source, target]) {
    await mariadbQuery(url, FILL);
    await mariadbQuery(url, 'ANALYZE TABLE orders');
  }
  return {
    name: 'mariadb',
    title: 'MariaDB to MariaDB',
    source,
    target,
    change: (changes, where) => timed(renderChanges(changes), (sql) => mariadbQuery(where, sql)),
    settle: () => Promise.resolve(),
    difference: async () =>
      (await mariadbContents(source)) === (await mariadbContents(target))
        ? null
        : 'the target has other contents than the source',
    close: () => databases.drop(),
  };
}
