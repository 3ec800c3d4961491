#!/usr/bin/env bash
# The yardstick: one pipe of COPY text into a table whose primary key is there. SOURCE, TARGET: database URLs.
set -euo pipefail
psql -Xq -v ON_ERROR_STOP=1 "$SOURCE" -c 'copy orders to stdout' |
  psql -Xq -v ON_ERROR_STOP=1 "$TARGET" -c 'copy orders from stdin'
