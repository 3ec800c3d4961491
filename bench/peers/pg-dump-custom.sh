#!/usr/bin/env bash
# pg_dump in its own format, not compressed, into pg_restore. SOURCE, TARGET: database URLs.
set -euo pipefail
pg_dump --no-owner -Fc -Z0 -t orders "$SOURCE" | pg_restore --no-owner -d "$TARGET"
