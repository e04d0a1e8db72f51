"""Partners, their keys, addresses and agreements, the billers, and who hears of a change."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE partner (
        -- `anon` stands in traces for a request without a partner.
        id text PRIMARY KEY CHECK (id ~ '^[a-z][a-z0-9_]{0,39}$' AND id <> 'anon'),
        name text NOT NULL,
        standing text NOT NULL DEFAULT 'active' CHECK (standing IN ('active', 'suspended')),
        joined_on date NOT NULL DEFAULT current_date,
        requests_per_minute integer NOT NULL CHECK (requests_per_minute > 0),
        created_at timestamptz NOT NULL DEFAULT now()
    )""",
    """
    CREATE TABLE api_key (
        id text PRIMARY KEY CHECK (id ~ '^qk_[A-Za-z0-9_-]+$'),
        partner_id text NOT NULL REFERENCES partner,
        secret_sealed bytea NOT NULL,
        product text NOT NULL,
        scopes text[] NOT NULL,
        standing text NOT NULL DEFAULT 'active'
            CHECK (standing IN ('active', 'suspended', 'revoked')),
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz
    )""",
    "CREATE INDEX api_key_partner ON api_key (partner_id)",
    """
    CREATE TABLE ip_range (
        partner_id text NOT NULL REFERENCES partner,
        range cidr NOT NULL,
        PRIMARY KEY (partner_id, range)
    )""",
    """
    CREATE TABLE revoked_token (
        jti text PRIMARY KEY,
        expires_at timestamptz NOT NULL
    )""",
    "CREATE INDEX revoked_token_expiry ON revoked_token (expires_at)",
    """
    CREATE TABLE token_request (
        api_key_id text NOT NULL,
        nonce text NOT NULL,
        requested_at timestamptz NOT NULL,
        PRIMARY KEY (api_key_id, nonce)
    )""",
    "CREATE INDEX token_request_age ON token_request (requested_at)",
    """
    CREATE TABLE biller (
        -- Its id is a part of workflow ids, which are split at colons.
        id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,40}$'),
        name text NOT NULL,
        base_url text NOT NULL,
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        standing text NOT NULL DEFAULT 'active' CHECK (standing IN ('active', 'suspended')),
        honours_idempotency_keys boolean NOT NULL,
        settles_within_s integer NOT NULL CHECK (settles_within_s >= 0)
    )""",
    """
    CREATE TABLE agreement (
        partner_id text NOT NULL REFERENCES partner,
        biller_id text NOT NULL REFERENCES biller,
        fee_flat_minor bigint NOT NULL CHECK (fee_flat_minor >= 0),
        fee_basis_points integer NOT NULL CHECK (fee_basis_points BETWEEN 0 AND 10000),
        PRIMARY KEY (partner_id, biller_id)
    )""",
)

# The channel is the trigger's argument. The message is empty: whoever listens reads anew, and
# PostgreSQL folds equal messages of one transaction into one.
ANNOUNCE = """
    CREATE FUNCTION announce() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify(TG_ARGV[0], '');
        RETURN NULL;
    END $$"""
ANNOUNCED = ("partner", "api_key", "ip_range", "biller", "agreement")


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    op.execute(ANNOUNCE)
    for table in ANNOUNCED:
        op.execute(f"""
            CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION announce('partners')""")
    # A purge of expired tokens is no news.
    op.execute("""
        CREATE TRIGGER announce AFTER INSERT ON revoked_token
        FOR EACH STATEMENT EXECUTE FUNCTION announce('partners')""")


def downgrade() -> None:
    op.execute("""
        DROP TABLE agreement, biller, token_request, revoked_token, ip_range, api_key, partner""")
    op.execute("DROP FUNCTION announce")
