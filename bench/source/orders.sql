-- :rows rows of ten mixed columns, the same at every call: about 237 MB a million in the heap of PostgreSQL.
\ir orders-table.sql
insert into orders
select
  i,
  i % 100000,
  (array['new', 'paid', 'shipped', 'returned'])[1 + i % 4],
  (i % 1000000) / 100.0,
  timestamptz '2024-01-01 00:00:00+00' + i * interval '1 s',
  case when i % 13 <> 0 then md5(i::text) || md5((i + 1)::text) end,
  jsonb_build_object('k', i, 'x', md5(i::text), 'tags', jsonb_build_array('a', 'b')),
  i % 100,
  i % 2 = 0,
  md5(i::text)::uuid
from generate_series(1, :rows) as i;
vacuum (analyze) orders;
