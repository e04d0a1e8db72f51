-- Plain tables with the columns and indexes of the product's own, for B3s and B4: no triggers, no
-- foreign keys, no checks. They live in a schema of their own beside the product's.
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.ledger_transaction (
    id uuid DEFAULT uuidv7() PRIMARY KEY,
    key text NOT NULL UNIQUE,
    subject text NOT NULL,
    description text NOT NULL,
    posted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON bench.ledger_transaction (subject);
CREATE TABLE bench.ledger_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id uuid NOT NULL,
    account_id bigint NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL
);
CREATE INDEX ON bench.ledger_entry (transaction_id);
CREATE TABLE bench.payment (
    id text PRIMARY KEY,
    partner_id text NOT NULL,
    partner_transaction_id text NOT NULL,
    lock_id text NOT NULL,
    biller_id text NOT NULL,
    bill_number text NOT NULL,
    billing_period text NOT NULL,
    amount_minor bigint NOT NULL,
    fee_minor bigint NOT NULL,
    currency text NOT NULL,
    state text NOT NULL,
    code text,
    biller_reference text,
    locked_at timestamptz NOT NULL,
    accepted_at timestamptz NOT NULL,
    paid_at timestamptz,
    trace text NOT NULL,
    UNIQUE (partner_id, partner_transaction_id)
);
INSERT INTO bench.payment
SELECT 'TXN-2026-04-' || n, 'partner_1', 'order-' || n, 'lock-' || n, 'DESCO', '1234567800',
       '2026-04', 125000, 500, 'BDT', 'PAID', NULL, 'DESCO-' || n, now(), now(), now(), 'trace-' || n
FROM generate_series(0, 999) AS n;
ANALYZE bench.payment;
GRANT USAGE ON SCHEMA bench TO quittance_app;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA bench TO quittance_app;
