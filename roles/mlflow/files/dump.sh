# Dumps database $1 to file $2, which exists only once it is complete.
set -eu
umask 077
pg_dump --no-password --format=custom --file="$2.part" --dbname="$1"
pg_restore --list "$2.part" > /dev/null
sync "$2.part"
mv "$2.part" "$2"
