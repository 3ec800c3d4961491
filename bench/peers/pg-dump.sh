#!/usr/bin/env bash
# pg_dump into psql: table, rows, then the key. SOURCE, TARGET: database URLs.
set -euo pipefail
pg_dump --no-owner -t orders "$SOURCE" | psql -Xq -v ON_ERROR_STOP=1 "$TARGET"
