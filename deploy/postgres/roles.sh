#!/bin/sh
# Three roles, on the first start of an empty database server: Temporal's, the owner of our tables
# (migrations alone), and the application's (it may only do what the migrations grant to it).
set -eu

psql --username postgres --no-psqlrc --set ON_ERROR_STOP=1 \
    --set temporal_password="$TEMPORAL_PASSWORD" \
    --set owner_password="$OWNER_PASSWORD" \
    --set app_password="$APP_PASSWORD" <<'SQL'
-- Neither the log nor the statistics may ever repeat a password.
SET log_min_error_statement = panic;
CREATE ROLE temporal LOGIN CREATEDB PASSWORD :'temporal_password';
CREATE ROLE quittance_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE quittance_app LOGIN PASSWORD :'app_password';
CREATE DATABASE quittance OWNER quittance_owner;
REVOKE ALL ON DATABASE quittance FROM PUBLIC;
GRANT CONNECT ON DATABASE quittance TO quittance_app;
\connect quittance
CREATE EXTENSION pg_stat_statements;
SQL
