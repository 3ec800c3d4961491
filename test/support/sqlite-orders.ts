const upTo = (rows: number, from = 1): string =>
  `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`;

/** The tables of orders.ts for a SQLite source: mixed columns, one without a key, one with a key of texts. */
export const sqliteOrdersSql = (rows: number): string => `
  CREATE TABLE orders (
    id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, status TEXT NOT NULL, amount DECIMAL_TEXT(12,2), created_at TIMESTAMP NOT NULL,
    note TEXT, payload JSON, weight REAL, flag BOOLEAN, ref BLOB);
  ${upTo(rows)} INSERT INTO orders
    SELECT i, i % 9973, CASE i % 4 WHEN 0 THEN 'new' WHEN 1 THEN 'paid' ELSE 'sent' END, printf('%.2f', (i % 100000) / 7.0),
      datetime('2024-01-01', (i * 37) || ' seconds'),
      CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'tab' || char(9) || ' line' || char(10) || ' end\\' ELSE 'note ' || i || ' note ' || i END,
      '{"i": ' || i || ', "text": "' || substr('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 1, i % 60) || '"}', i / 3.0, i % 3 = 0,
      CAST('ref ' || i AS BLOB)
    FROM n`;

/** Every row twice. */
export const sqliteKeylessSql = (rows: number): string => `
  CREATE TABLE events (at TIMESTAMP NOT NULL, kind TEXT, detail JSON);
  ${upTo(rows - 1, 0)} INSERT INTO events
    SELECT datetime('2025-01-01', (i / 2) || ' seconds'), 'kind ' || (i / 2) % 7, '{"n": 1.10, "i": ' || (i / 2) || '}' FROM n`;

export const sqliteShelvesSql = (rows: number): string => `
  CREATE TABLE shelves (place TEXT NOT NULL, code TEXT NOT NULL, amount DECIMAL_TEXT(20,6), remark TEXT, PRIMARY KEY (place, code)) WITHOUT ROWID;
  ${upTo(rows)} INSERT INTO shelves
    SELECT CASE i % 5 WHEN 0 THEN '' WHEN 1 THEN 'ä|\\' WHEN 2 THEN 'tab' || char(9) WHEN 3 THEN 'a,b' ELSE 'Z' END, '#' || hex(i * 7919) || i,
      printf('%.6f', i / 9.0), CASE WHEN i % 11 > 0 THEN '¶' || i || '¶' || i END
    FROM n`;
