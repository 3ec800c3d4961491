#!/usr/bin/env bash
# pgcopydb clone of one table, with its default split. SOURCE, TARGET: database URLs; SCRATCH: an empty folder.
set -euo pipefail
printf '[include-only-table]\npublic.orders\n' > "$SCRATCH/filters.ini"
pgcopydb clone --source "$SOURCE" --target "$TARGET" --dir "$SCRATCH/work" --filters "$SCRATCH/filters.ini" \
  --table-jobs 1 --index-jobs 1 --skip-large-objects --skip-extensions --no-owner --no-acl
