/** The tables of orders.ts for a MariaDB source: mixed columns, one without a key, one with a key of texts. */
export const mariadbOrdersSql = (rows: number): string => String.raw`
  CREATE TABLE orders (
    id bigint PRIMARY KEY, customer_id int NOT NULL, status varchar(20) NOT NULL, amount decimal(12,2),
    created_at timestamp(6) NOT NULL, note longtext, payload json, qty smallint, flag boolean, ref char(32));
  INSERT INTO orders
    SELECT seq, seq % 9973, ELT(1 + seq % 4, 'new', 'paid', 'sent', 'returned'), (seq % 100000) / 7.0,
      TIMESTAMP'2024-01-01 00:00:00' + INTERVAL seq * 37 SECOND,
      CASE seq % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'tab\t line\n back\\ end\\' ELSE REPEAT(CONCAT('note ', seq, ' '), 4) END,
      JSON_OBJECT('i', seq, 'n', seq / 3.0, 'text', REPEAT('x', seq % 60)), seq % 300, seq % 3 = 0, MD5(seq)
    FROM seq_1_to_${rows}`;

export const mariadbKeylessSql = (rows: number): string => `
  CREATE TABLE events (at datetime NOT NULL, kind varchar(20), detail json);
  INSERT INTO events SELECT TIMESTAMP'2025-01-01 00:00:00' + INTERVAL seq DIV 2 SECOND, CONCAT('kind ', (seq DIV 2) % 7), CONCAT('{"n": 1.10, "i": ', seq DIV 2, '}')
    FROM seq_0_to_${rows - 1}`;

export const mariadbShelvesSql = (rows: number): string => String.raw`
  CREATE TABLE shelves (place varchar(20) COLLATE utf8mb4_general_ci, code varchar(80) COLLATE utf8mb4_nopad_bin, amount decimal(20,6), remark longtext,
    PRIMARY KEY (place, code));
  INSERT INTO shelves
    SELECT ELT(1 + seq % 5, '', 'ä|\\', 'tab\t', 'a,b', 'Z'), CONCAT('#', MD5(seq), seq), seq / 9.0, IF(seq % 11 > 0, REPEAT(CONCAT('¶', seq), 5), NULL)
    FROM seq_1_to_${rows}`;
