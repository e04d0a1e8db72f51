"""The record's vital signs, in one statement over small indexes and the ledger's sums."""

from typing import Final

from payments.adapters.postgres.routing import UNWELL
from payments.adapters.postgres.webhook_rows import UNTRIED
from payments.db.session import Statements
from payments.ports.vitals import Vital

# A gauge that is not told keeps its last value: what can end is told as 0, for every provider.
# Account codes are {kind}:{owner}:{currency}.
_READ: Final = f"""
WITH waiting AS (
    SELECT count(*) FILTER (WHERE status = 'processing') AS processing,
        count(*) FILTER (WHERE status = 'review') AS review,
        count(*) FILTER (WHERE status = 'requires_action') AS requires_action,
        count(suspended_attempt) AS unknown,
        min(created_at) FILTER (WHERE status = 'processing') AS since
    FROM payment WHERE status IN ('processing', 'review', 'requires_action')
), refunding AS (
    SELECT count(*) AS pending, count(suspended_at) AS unknown, min(created_at) AS since
    FROM refund WHERE status = 'pending'
), opened AS (
    SELECT count(*) AS cases, min(opened_at) AS since FROM payment_case WHERE status = 'open'
), held AS (
    SELECT count(*) AS payouts, min(created_at) AS since FROM payout WHERE status = 'on_hold'
), standing AS (
    SELECT count(*) AS batches FROM batch WHERE status = 'running' AND (
        SELECT line FROM batch_row WHERE batch_id = batch.id AND state = 'waiting'
        ORDER BY line DESC LIMIT 1
    ) IS NOT NULL AND NOT EXISTS (
        SELECT FROM batch_row WHERE batch_id = batch.id AND state = 'dispatched'
    )
), due AS (
    SELECT count(*) AS disputes FROM dispute
    WHERE closed_at IS NULL AND due_at BETWEEN now() AND now() + interval '1 day'
        AND status IN ('needs_response', 'warning_needs_response')
        AND (response IS NULL OR response_state = 'refused')
), told AS (
    SELECT count(*) FILTER (WHERE state = 'received') AS received,
        min(received_at) FILTER (WHERE state = 'received') AS since,
        count(*) FILTER (WHERE state = 'parked') AS parked,
        count(*) FILTER (WHERE state = 'quarantined') AS quarantined
    FROM inbound_event WHERE state <> 'applied'
)
SELECT cards.name, cards.value::float8 AS value, NULL AS label, NULL AS labelled
  FROM waiting, refunding, opened, held, standing, due, told, LATERAL (VALUES
    ('payments_processing', waiting.processing),
    ('payments_processing_oldest_s', coalesce(extract(epoch FROM now() - waiting.since), 0)),
    ('payments_review', waiting.review),
    ('payments_requires_action', waiting.requires_action),
    ('payments_unknown', waiting.unknown),
    ('refunds_pending', refunding.pending),
    ('refunds_pending_oldest_s', coalesce(extract(epoch FROM now() - refunding.since), 0)),
    ('refunds_unknown', refunding.unknown),
    ('cases_open', opened.cases),
    ('cases_open_oldest_s', coalesce(extract(epoch FROM now() - opened.since), 0)),
    ('payouts_held', held.payouts),
    ('payouts_held_oldest_s', coalesce(extract(epoch FROM now() - held.since), 0)),
    ('batches_standing', standing.batches),
    ('disputes_due_unanswered', due.disputes),
    ('inbound_received', told.received),
    ('inbound_received_oldest_s', coalesce(extract(epoch FROM now() - told.since), 0)),
    ('inbound_parked', told.parked),
    ('inbound_quarantined', told.quarantined)) AS cards (name, value)
UNION ALL
SELECT 'transactions_processing', count(*)::float8, NULL, NULL
  FROM transaction WHERE state = 'PROCESSING'
UNION ALL
SELECT 'transactions_processing_oldest_s',
       coalesce(extract(epoch FROM now() - min(accepted_at)), 0)::float8, NULL, NULL
  FROM transaction WHERE state = 'PROCESSING'
UNION ALL
SELECT 'suspense_minor', sum(e.amount_minor)::float8, 'currency', e.currency
  FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
 WHERE a.kind = 'suspense' GROUP BY e.currency
UNION ALL
SELECT 'ledger_imbalance_minor', sum(amount_minor)::float8, 'currency', currency
  FROM ledger_entry GROUP BY currency
UNION ALL
SELECT 'answers_in_flight', count(*)::float8, NULL, NULL FROM idempotency WHERE answered_at IS NULL
UNION ALL
SELECT 'event_position', coalesce((
    SELECT position FROM event ORDER BY position DESC LIMIT 1
), 0)::float8, NULL, NULL
UNION ALL
SELECT 'card_number_incidents_last_hour', count(*)::float8, NULL, NULL
  FROM incident WHERE kind = 'card_number' AND occurred_at > now() - interval '1 hour'
UNION ALL
SELECT 'fees_unbooked_last_day', count(*)::float8, NULL, NULL
  FROM incident WHERE kind = 'fee_unbooked' AND occurred_at > now() - interval '1 day'
UNION ALL
SELECT late.name, late.value::float8, NULL, NULL
  FROM (
    SELECT count(*) AS untried, min(delivery.created_at) AS since
    FROM (SELECT * FROM webhook_delivery WHERE {UNTRIED}) AS delivery
    JOIN webhook_endpoint AS endpoint
        ON endpoint.id = delivery.endpoint_id AND endpoint.state = 'enabled'
            AND endpoint.failing_since IS NULL
  ) AS delivery, (
    SELECT count(*) FILTER (WHERE failing_since IS NOT NULL AND state = 'enabled') AS failing,
        count(*) FILTER (WHERE disabled IN ('gone', 'failing')) AS given_up
    FROM webhook_endpoint WHERE removed_at IS NULL
  ) AS endpoint, (
    SELECT count(*) AS unplanned, (
        SELECT event.occurred_at FROM event_unplanned AS oldest
        JOIN event ON event.id = oldest.event_id ORDER BY oldest.position LIMIT 1
    ) AS since
    FROM event_unplanned
  ) AS event, LATERAL (VALUES
    ('webhook_deliveries_untried', delivery.untried),
    ('webhook_deliveries_untried_oldest_s',
        coalesce(extract(epoch FROM now() - delivery.since), 0)),
    ('webhook_endpoints_failing', endpoint.failing),
    ('webhook_endpoints_given_up', endpoint.given_up),
    ('events_unplanned', event.unplanned),
    ('events_unplanned_oldest_s', coalesce(extract(epoch FROM now() - event.since), 0))
  ) AS late (name, value)
UNION ALL
SELECT 'switches_on', count(*)::float8, NULL, NULL FROM (
    SELECT DISTINCT ON (provider, method, country) is_on
    FROM switch_flip ORDER BY provider, method, country, id DESC
) AS flip WHERE is_on
UNION ALL
SELECT 'provider_unwell', (unwell.provider IS NOT NULL)::integer::float8, 'provider', provider.id
  FROM provider LEFT JOIN ({UNWELL}) AS unwell ON unwell.provider = provider.id
"""  # noqa: S608  # Constants of ours.


class PostgresVitals:
    """Vitals over one database."""

    def __init__(self, database: Statements) -> None:
        self._database = database

    async def read(self) -> list[Vital]:
        rows = await self._database.fetch(_READ)
        return [
            Vital(
                row["name"],
                row["value"],
                {} if row["label"] is None else {row["label"]: row["labelled"]},
            )
            for row in rows
        ]
