-- :rows rows of 1,000,000 characters, the same at every call.
\ir wide-table.sql
insert into wide select i, rpad(md5(i::text), 1000000, md5(i::text)) from generate_series(1, :rows) as i;
vacuum (analyze) wide;
