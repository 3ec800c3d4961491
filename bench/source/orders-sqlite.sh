#!/usr/bin/env bash
# The rows of orders as an SQLite file. SOURCE: database URL; FILE: the file to make.
set -euo pipefail
sqlite3 "$FILE" "create table orders (id integer primary key, customer_id integer not null, status text not null,
  amount text not null, created_at text not null, note text, payload text, qty integer, flag integer, ref text)"
psql -Xq -v ON_ERROR_STOP=1 "$SOURCE" -c "copy (select id, customer_id, status, amount, created_at, note, payload, qty,
  flag::int, ref from orders order by id) to stdout (format csv)" |
  sqlite3 "$FILE" '.import --csv /dev/stdin orders'
sqlite3 "$FILE" "update orders set note = null where note = ''"
