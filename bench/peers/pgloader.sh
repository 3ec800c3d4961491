#!/usr/bin/env bash
# pgloader from MariaDB to PostgreSQL: table, rows, then the key. MARIADB_URL, TARGET: database URLs; SCRATCH: an empty folder;
# MARIADB_DATABASE. With its own defaults it runs out of memory on two million rows: what it holds between reader and
# writer is bounded here.
set -euo pipefail
cat > "$SCRATCH/load" <<END
LOAD DATABASE FROM mysql://${MARIADB_URL#*://} INTO postgresql://${TARGET#*://}
 WITH workers = 2, concurrency = 1, prefetch rows = 5000, batch rows = 5000, batch size = 8MB,
      include drop, create tables, create indexes, no foreign keys, reset no sequences
 INCLUDING ONLY TABLE NAMES MATCHING 'orders'
 ALTER SCHEMA '$MARIADB_DATABASE' RENAME TO 'public';
END
pgloader --root-dir "$SCRATCH/pgloader" "$SCRATCH/load"
