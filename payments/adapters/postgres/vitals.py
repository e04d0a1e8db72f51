"""The record's vital signs, in one statement over small indexes and the ledger's sums."""

from typing import Final

from payments.db.session import Statements
from payments.ports.vitals import Vital

# Account codes are {kind}:{owner}:{currency}.
_READ: Final = """
SELECT 'transactions_processing' AS name, count(*)::float8 AS value, NULL AS currency
  FROM transaction WHERE state = 'PROCESSING'
UNION ALL
SELECT 'transactions_processing_oldest_s',
       coalesce(extract(epoch FROM now() - min(accepted_at)), 0)::float8, NULL
  FROM transaction WHERE state = 'PROCESSING'
UNION ALL
SELECT 'suspense_minor', sum(e.amount_minor)::float8, e.currency
  FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
 WHERE a.kind = 'suspense' GROUP BY e.currency
UNION ALL
SELECT 'ledger_imbalance_minor', sum(amount_minor)::float8, currency
  FROM ledger_entry GROUP BY currency
UNION ALL
SELECT 'answers_in_flight', count(*)::float8, NULL FROM idempotency WHERE answered_at IS NULL
UNION ALL
SELECT 'event_position', coalesce(max(position), 0)::float8, NULL FROM event
"""


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
                {} if row["currency"] is None else {"currency": row["currency"]},
            )
            for row in rows
        ]
