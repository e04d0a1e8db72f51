#!/bin/sh
# Bring Temporal's two databases up to date. Every step does nothing when it was done before.
set -eu

for database in temporal temporal_visibility; do
    sql() {
        temporal-sql-tool --plugin postgres12 --ep "$SQL_HOST" -p 5432 -u "$SQL_USER" --db "$database" "$@"
    }
    sql create
    sql setup-schema -v 0.0
    case $database in
    temporal) versions=temporal ;;
    *) versions=visibility ;;
    esac
    sql update-schema -d "/etc/temporal/schema/postgresql/v12/$versions/versioned"
done
