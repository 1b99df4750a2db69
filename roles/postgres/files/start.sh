# Makes the database cluster where there is none yet, then becomes PostgreSQL.
set -eu
home=/var/lib/postgresql
data=$home/data
program=$(postgres --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')

if [ -z "$(ls -A "$data" 2>/dev/null)" ]; then
    # Made beside its place and moved there when complete: what an interruption leaves is not taken for a cluster.
    rm -rf "$home/data.new"
    initdb --pgdata="$home/data.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --auth=reject --data-checksums
    mv --no-target-directory "$home/data.new" "$data"
    sync "$home"
fi

found=$(cat "$data/PG_VERSION" 2>/dev/null || echo none)
if [ "$found" != "$program" ]; then
    echo "The data in $data belong to PostgreSQL $found and this is PostgreSQL $program: it does not start on them" >&2
    exit 1
fi
# It would outrank the declared configuration; the server itself never writes it (allow_alter_system).
: > "$data/postgresql.auto.conf"
exec "$@"
