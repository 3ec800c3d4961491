/** SQL that makes the table `orders` of mixed columns with so many rows at a PostgreSQL source; the same rows each time. */
export const ordersSql = (rows: number): string => `
  CREATE TABLE orders (
    id bigint PRIMARY KEY, customer_id integer NOT NULL, status text NOT NULL, amount numeric(12,2),
    created_at timestamptz NOT NULL, note text, payload jsonb, qty smallint, flag boolean, ref uuid);
  INSERT INTO orders
    SELECT i, i % 9973, (ARRAY['new','paid','sent','returned'])[1 + i % 4], (i % 100000) / 7.0, timestamptz '2024-01-01 00:00Z' + i * interval '37 s',
      CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN E'tab\\t line\\n back\\\\ end\\\\' ELSE repeat('note ' || i || ' ', 4) END,
      jsonb_build_object('i', i, 'n', i / 3.0, 'text', repeat('x', (i % 60)::int)), i % 300, i % 3 = 0, md5(i::text)::uuid
    FROM generate_series(1, ${rows}) AS i;
  ANALYZE orders`;

/** A table without a key in which every row stands twice. */
export const keylessSql = (rows: number): string => `
  CREATE TABLE events (at timestamp NOT NULL, kind text, detail json);
  INSERT INTO events SELECT timestamp '2025-01-01' + (i / 2) * interval '1 s', 'kind ' || (i / 2) % 7, ('{"n": 1.10, "i": ' || i / 2 || '}')::json
    FROM generate_series(0, ${rows - 1}) AS i;
  ANALYZE events`;

/** A text that is equal when the rows are, repeats counted, whatever their order. */
export const digestSql = (table: string): string =>
  `SELECT count(*) || ' ' || coalesce(sum(('x' || substr(md5(t::text), 1, 16))::bit(64)::bigint::numeric), 0) FROM ${table} AS t`;

/** A table with a composite key of texts that hold what separators and escapes are made of. */
export const shelvesSql = (rows: number): string => `
  CREATE TABLE shelves (place text COLLATE "C", code text COLLATE "C", amount numeric(20,6), remark text, PRIMARY KEY (place, code));
  INSERT INTO shelves
    SELECT (ARRAY['', 'ä|\\', E'tab\\t', 'a,b', 'Z'])[1 + i % 5], '#' || md5(i::text) || i, i / 9.0, CASE WHEN i % 11 > 0 THEN repeat('¶' || i, 5) END
    FROM generate_series(1, ${rows}) AS i;
  ANALYZE shelves`;
