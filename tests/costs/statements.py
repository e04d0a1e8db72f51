"""How often the gateway asks its database: the server's own count, by statement."""

from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Final

import asyncpg

from tests.running_gateway import RunningGateway

# Guards run inside a statement, at its commit, and are no round trip; the shortest statement is the
# heartbeat with which the directories of partners and billers know that they hear. How well the
# providers are is asked every two seconds, however many pay; and the driver asks each new
# connection what its types are.
_CALLS: Final = """
    SELECT query, sum(calls)::bigint AS calls
    FROM pg_stat_statements JOIN pg_roles ON pg_roles.oid = userid
    WHERE rolname = 'quittance_app' AND query NOT LIKE '%/* guard */%' AND query <> 'SELECT'
        AND query NOT LIKE 'SELECT provider FROM payment_attempt%'
        AND query NOT LIKE '%typeinfo_tree%' AND query NOT LIKE '%set_config%'
    GROUP BY query"""


class Statements:
    """Counts of the application's role since the server was started."""

    def __init__(self, gateway: RunningGateway) -> None:
        lines = (gateway.home / "secrets.env").read_text().splitlines()
        secrets = dict(line.split("=", 1) for line in lines)
        password = secrets["QUITTANCE_POSTGRES_OWNER_PASSWORD"]
        self._url = f"postgresql://quittance_owner:{password}@{gateway.database_url.split('@')[1]}"

    async def made_by(self, work: Callable[[], Awaitable[object]]) -> Counter[str]:
        """Statement → calls, while this was done."""
        before = await self.counted()
        await work()
        return await self.counted() - before

    async def counted(self) -> Counter[str]:
        """Statement, shortened to its beginning → calls."""
        connection = await asyncpg.connect(self._url)
        try:
            rows = await connection.fetch(_CALLS)
        finally:
            await connection.close()
        calls: Counter[str] = Counter()
        for row in rows:
            calls[_name(row["query"])] += row["calls"]
        return calls


def _name(statement: str) -> str:
    """`WITH due AS ( UPDATE transaction …` → `transaction`: the first table it names."""
    words = statement.replace("(", " ").split()
    for word, following in pairwise(words):
        if word in {"FROM", "INTO", "UPDATE"}:
            return f"{word} {following}"
    return statement
