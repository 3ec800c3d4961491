#!/usr/bin/env bash
# Sling, full refresh. SLING: its binary; SOURCE, TARGET: database URLs; SCRATCH: an empty folder.
# It makes no primary key by itself; SLING_KEY=1 asks for one.
set -euo pipefail
export SLING_HOME_DIR="$SCRATCH/sling" SLING_DISABLE_TELEMETRY=TRUE
export BENCH_SOURCE="$SOURCE" BENCH_TARGET="$TARGET"
stream=public.orders
object=public.orders
case "$SOURCE" in
  postgres*) BENCH_SOURCE="${SOURCE/#postgresql:/postgres:}?sslmode=disable" ;;
  mariadb*) stream="$MARIADB_DATABASE.orders" ;;
esac
case "$TARGET" in
  postgres*) BENCH_TARGET="${TARGET/#postgresql:/postgres:}?sslmode=disable" ;;
  mariadb*) object="$MARIADB_DATABASE.orders" ;;
  sqlite*)
    object=main.orders
    # It would download an old sqlite3 and fall back to slow inserts without one.
    SQLITE_PATH=$(command -v sqlite3)
    export SQLITE_PATH
    ;;
esac
options=()
[ "${SLING_KEY:-}" = 1 ] && options=(--tgt-options '{"table_keys":{"primary":["id"]}}')
"$SLING" run --src-conn BENCH_SOURCE --src-stream "$stream" --tgt-conn BENCH_TARGET --tgt-object "$object" \
  --mode full-refresh --primary-key id "${options[@]}"
