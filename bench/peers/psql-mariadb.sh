#!/usr/bin/env bash
# One pipe of COPY text into LOAD DATA, into a table whose primary key is there. SOURCE: database URL; MARIADB_HOST,
# MARIADB_PORT, MARIADB_USER, MARIADB_DATABASE; SCRATCH: an empty folder.
# CHECKS=0 leaves out the server's checks of keys: into an empty table it then loads in bulk and sorts at the end.
set -euo pipefail
columns="id, customer_id, status, amount, created_at at time zone 'UTC', note, payload, qty, flag::int, ref"
pipe="$SCRATCH/pipe-$$"
mkfifo "$pipe"
psql -Xq -v ON_ERROR_STOP=1 "$SOURCE" -c "copy (select $columns from orders) to stdout" > "$pipe" &
psql=$!
checks=
[ "${CHECKS:-}" = 0 ] && checks='set unique_checks = 0, foreign_key_checks = 0;'
mariadb --no-defaults -h "$MARIADB_HOST" -P "$MARIADB_PORT" -u "$MARIADB_USER" --local-infile=1 "$MARIADB_DATABASE" \
  -e "$checks load data local infile '$pipe' into table orders character set utf8mb4"
wait "$psql"
rm "$pipe"
