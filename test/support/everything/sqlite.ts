/** Tables with every kind of column and key that a SQLite source has; every value is one of its declared type. */
export const SQLITE_TABLES = `
CREATE TABLE everything (
  id INTEGER PRIMARY KEY, whole INTEGER, exact DECIMAL_TEXT, money_like DECIMAL_TEXT(12,2), yes BOOLEAN, words TEXT, short VARCHAR(20), bytes BLOB,
  day DATE, moment TIMESTAMP, clock TIME, span DURATION_TEXT, document JSON, ref UUID, flags BIT_TEXT(3),
  twice INTEGER GENERATED ALWAYS AS (id * 2) VIRTUAL);
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL, referred_by INTEGER, since TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE purchases (id UUID PRIMARY KEY NOT NULL, customer_id INTEGER NOT NULL, amount DECIMAL_TEXT(10,2) NOT NULL DEFAULT '0', note TEXT);
CREATE TABLE events (at TIMESTAMP NOT NULL, kind TEXT, detail JSON);
CREATE TABLE shelves (place VARCHAR(50) NOT NULL, code VARCHAR(80) NOT NULL, amount DECIMAL_TEXT(20,6), PRIMARY KEY (place, code)) WITHOUT ROWID;
CREATE TABLE "Odd ""Name"" é" ("a b" INTEGER PRIMARY KEY, "select" TEXT, "Größe" TEXT);
CREATE TABLE peculiar (id INTEGER PRIMARY KEY, anything ANY, untyped, instant TIMESTAMPTZ, double_one REAL);
CREATE TABLE nothing_in_it (id INTEGER PRIMARY KEY)`;

/** What stands around the rows. */
export const SQLITE_AROUND = `
CREATE UNIQUE INDEX one_each ON customers (email);
CREATE INDEX purchases_by_customer ON purchases (customer_id, amount DESC);
CREATE INDEX purchases_noted ON purchases (lower(note)) WHERE note IS NOT NULL`;

export const SQLITE_ROWS = `
INSERT INTO everything VALUES
  (1, -9223372036854775808, '1.1000', '-0.01', 1, '', '', x'', '0001-01-01', '0001-01-01 00:00:00.1', '00:00:00', 'PT0S', '{"a": 1.10, "a": 2}',
   '00000000-0000-0000-0000-000000000001', '101'),
  (2, 9223372036854775807, '${'9'.repeat(60)}.1', '9999999999.99', 0, '\\N', 'äöü🙂\\', x'5c4e00ff0a09', '9999-12-31', '9999-12-31 23:59:59.999999', '23:59:59.999999',
   'P1Y2M3DT4H5M6.789S', '[]', 'c0ffee00-1234-4abc-8def-0123456789ab', '000'),
  (3, 0, '-0.000001', '0.00', NULL, ${Array.from({ length: 31 }, (_, code) => `char(${code + 1})`).join(' || ')}, 'x', zeroblob(100000), '2024-02-29', '2024-02-29 12:00:00', '12:00:00', 'P-1Y3DT4.5S', '"🙂"',
   'ffffffff-ffff-ffff-ffff-ffffffffffff', '111'),
  (-5, 1, NULL, NULL, 1, replace(hex(zeroblob(100000)), '00', 'long "text", '), 'NULL', x'00', NULL, NULL, NULL, NULL, 'null', NULL, NULL);
INSERT INTO everything (id) VALUES (4);
INSERT INTO peculiar VALUES (1, 1, 'text', '1970-01-01 00:00:00+00', 0.1), (2, 1.5, x'00ff', '2024-02-29 12:00:00.123456+00', 5e-324), (3, 'i1', NULL, NULL, 1e23), (4, x'', 9007199254740993, NULL, -1e300), (5, 'a\\b', 1e23, NULL, NULL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO customers SELECT i, 'c' || i || '@example.org', nullif(i - 1, 0), datetime('2024-01-01', i || ' hours') FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO purchases
  SELECT printf('%08x-0000-4000-8000-%012x', i * 2654435761 % 4294967296, i), 1 + i % 500, printf('%.2f', i / 7.0), CASE WHEN i % 3 > 0 THEN 'Note ' || i END FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) INSERT INTO events SELECT datetime('2025-01-01', (i / 2) || ' seconds'), 'kind ' || (i / 2) % 7, '{"n": 1.10, "i": ' || (i / 2) || '}' FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO shelves
  SELECT CASE i % 5 WHEN 0 THEN '' WHEN 1 THEN 'ä|\\' WHEN 2 THEN 'tab' || char(9) WHEN 3 THEN 'a,b' ELSE 'Z' END, '#' || hex(i * 7919), printf('%.6f', i / 9.0) FROM n;
INSERT INTO "Odd ""Name"" é" VALUES (1, 'FROM', 'groß'), (2, NULL, ''), (-1, '"', '\`')`;
