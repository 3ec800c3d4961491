/** Tables with every kind of column and key that a MariaDB source has. */
export const MARIADB_TABLES = `
CREATE TABLE everything (
  id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, tiny tinyint, yes boolean, small smallint unsigned, medium mediumint, whole int unsigned, big bigint unsigned,
  padded_number int(8) zerofill, exact decimal(65,30), money_like decimal(12,2), single float, double_one double, short varchar(20), fixed char(5), tiny_text tinytext, words longtext,
  latin varchar(20) CHARACTER SET latin1, fixed_bytes binary(3), some_bytes varbinary(5), bytes longblob, day date, moment datetime(6), instant timestamp(6) NULL, clock time(2), era year,
  flags bit(3), mask bit(64), feeling enum('so so','happy','it''s'), choices set('x','y','z'), document json, ref uuid, address inet6,
  twice int GENERATED ALWAYS AS (tiny * 2) STORED);
CREATE TABLE customers (id int PRIMARY KEY, email varchar(200) NOT NULL, referred_by int, since datetime NOT NULL DEFAULT current_timestamp());
CREATE TABLE purchases (id char(36) CHARACTER SET ascii PRIMARY KEY, customer_id int NOT NULL, amount decimal(10,2) NOT NULL DEFAULT 0, note text);
CREATE TABLE events (at datetime NOT NULL, kind varchar(50), detail json);
CREATE TABLE shelves (place varchar(50) COLLATE utf8mb4_general_ci, code varchar(80) COLLATE utf8mb4_nopad_bin, amount decimal(20,6), PRIMARY KEY (place, code));
CREATE TABLE readings (sensor int, at datetime(3), value double, PRIMARY KEY (sensor, at)) PARTITION BY RANGE (sensor) (PARTITION low VALUES LESS THAN (50), PARTITION high VALUES LESS THAN MAXVALUE);
CREATE TABLE \`Odd "Name" é\` (\`a b\` int PRIMARY KEY, \`select\` text, \`Größe\` text);
CREATE TABLE peculiar (id int PRIMARY KEY, place point);
CREATE TABLE nothing_in_it (id int PRIMARY KEY)`;

/** What stands around the rows: made at the source, and after the load at a target. */
export const MARIADB_AROUND = `
ALTER TABLE customers ADD UNIQUE one_each (email), ADD FOREIGN KEY (referred_by) REFERENCES customers (id), ADD CONSTRAINT email_has_at CHECK (locate('@', email) > 1),
  COMMENT 'who buys', MODIFY email varchar(200) NOT NULL COMMENT 'one each';
ALTER TABLE purchases ADD FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE, ADD CHECK (amount >= 0), ADD INDEX by_customer (customer_id, amount), ADD INDEX noted (note(10))`;

export const MARIADB_ROWS = `
INSERT INTO everything (id, tiny, yes, small, medium, whole, big, padded_number, exact, money_like, single, double_one, short, fixed, tiny_text, words, latin, fixed_bytes, some_bytes, bytes,
  day, moment, instant, clock, era, flags, mask, feeling, choices, document, ref, address) VALUES
  (1, -128, 1, 0, -8388608, 0, 0, 0, -99999999999999999999999999999999999.999999999999999999999999999999, -0.01, 1.1, 0.1, '', '', '', '', '', X'000000', X'', X'',
   '1000-01-01', '1000-01-01 00:00:00', '1970-01-01 00:00:01', '00:00:00', 1901, b'000', b'0', 'so so', '', '{"a": 1.10, "a": 2}', '00000000-0000-0000-0000-000000000001', '::1'),
  (2, 127, 0, 65535, 8388607, 4294967295, 18446744073709551615, 42, 0.000000000000000000000000000001, 9999999999.99, 16777216, 5e-324, 'ends with \\\\', 'a', CHAR(92, 78),
   CONVERT(X'${'010203040506070809 0a0b0c0d0e0f101112131415161718191a1b1c1d1e1f7f5c'.replace(' ', '')}' USING utf8mb4), 'Größe', X'610000', X'0061ff', REPEAT(X'5c00ff0a09', 20000),
   '9999-12-31', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999999', '23:59:59.99', 2155, b'101', ~0, 'happy', 'x,z', '[]', 'c0ffee00-1234-4abc-8def-0123456789ab', '2001:db8::ff00:42:8329'),
  (3, 0, NULL, 1, 0, 1, 9007199254740993, 4294967295, 1.1, 1.10, -0.5, 1e23, 'äöü🙂', '🙂', 'a\\n', REPEAT('long "text", ', 20000), 'ÿ', X'ffffff', X'5c4e', X'5c4e',
   '2024-02-29', '2024-02-29 12:00:00.1', '2024-02-29 12:00:00.123456', '12:00:00.5', 1999, b'111', 1, 'it''s', 'x,y,z', '"🙂 \\\\u0001"', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '::');
INSERT INTO everything (id) VALUES (4);
INSERT INTO peculiar VALUES (1, Point(1.5, -2)), (2, Point(0, 0)), (3, Point(1e300, -1e-300)), (4, NULL);
INSERT INTO customers SELECT seq, CONCAT('c', seq, '@example.org'), NULLIF(seq - 1, 0), '2024-01-01' + INTERVAL seq HOUR FROM seq_1_to_500;
INSERT INTO purchases SELECT INSERT(INSERT(INSERT(INSERT(MD5(seq), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'), 24, 0, '-'), 1 + seq % 500, seq / 7, IF(seq % 3 > 0, CONCAT('Note ', seq), NULL) FROM seq_1_to_3000;
INSERT INTO events SELECT '2025-01-01' + INTERVAL FLOOR(seq / 2) SECOND, CONCAT('kind ', FLOOR(seq / 2) % 7), CONCAT('{"n": 1.10, "i": ', FLOOR(seq / 2), '}') FROM seq_0_to_999;
INSERT INTO shelves SELECT ELT(1 + seq % 5, '', 'ä|\\\\', 'tab\\t', 'a,b', 'Z'), CONCAT('#', MD5(seq)), seq / 9 FROM seq_1_to_1000;
INSERT INTO readings SELECT seq % 100, '2024-06-01' + INTERVAL seq MINUTE, seq / 3e0 FROM seq_1_to_1000;
INSERT INTO \`Odd "Name" é\` VALUES (1, 'FROM', 'groß'), (2, NULL, ''), (-1, '"', '\`')`;
