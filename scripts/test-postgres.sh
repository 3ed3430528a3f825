#!/usr/bin/env bash
# Starts (once) a throwaway PostgreSQL cluster for the tests and prints its address.
#   scripts/test-postgres.sh        start if need be, print the URL
#   scripts/test-postgres.sh stop   stop it and remove its files
# CAMPKEEPER_TEST_PG_DIR is the cluster's folder. PostgreSQL is installed if it is missing and we may.
# Nothing is kept: fsync is off, data live under the target folder, it listens on a socket only.
set -euo pipefail
root=${CAMPKEEPER_TEST_PG_DIR:-/tmp/campkeeper-test-postgres-$(id -u)}
data=$root/data

bin() { # the newest server program, on the PATH or where Debian keeps it
    command -v "$1" || { ls /usr/lib/postgresql/*/bin/"$1" 2>/dev/null || true; } | sort -V | tail -n 1
}
initdb=$(bin initdb); pg_ctl=$(bin pg_ctl)
if [ -z "$initdb" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql; } >&2
    initdb=$(bin initdb); pg_ctl=$(bin pg_ctl)
fi
if [ -z "$initdb" ] || [ -z "$pg_ctl" ]; then
    echo "PostgreSQL's server programs are missing: apt-get install postgresql (or put initdb and pg_ctl on the PATH)" >&2
    exit 1
fi
# initdb refuses to run as root; the package's own user is there for it.
as_server() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

mkdir -p "$root"
exec 9>"$root/lock"; flock 9
[ "$(id -u)" != 0 ] || chown postgres "$root"

if [ "${1:-}" = stop ]; then
    as_server "$pg_ctl" -D "$data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$data" "$root/log"
    exit 0
fi
if ! as_server "$pg_ctl" -D "$data" status >/dev/null 2>&1; then
    rm -rf "$data"
    as_server "$initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C --no-sync >/dev/null
    as_server "$pg_ctl" -D "$data" -w -l "$root/log" -o "-c listen_addresses='' -c unix_socket_directories='$root' \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=400" start >/dev/null 9>&-
fi
echo "postgres://postgres@localhost/postgres?host=$root"
