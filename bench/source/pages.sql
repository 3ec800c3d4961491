-- :rows rows of 7,500 characters, the same at every call.
\ir pages-table.sql
insert into pages select i, rpad(md5(i::text), 7500, md5(i::text)) from generate_series(1, :rows) as i;
vacuum (analyze) pages;
