"""The audit of single payments in a gateway that is at work, as the scenarios need it."""

from collections.abc import Mapping
from typing import Any, Final

from tests.card_cases import Case, cases, sandbox_effects
from tests.card_findings import findings
from tests.evidence import Evidence
from tests.patience import until

ACQUIRERS: Final = ("NORTH", "SOUTH")
_ATTEMPTS: Final = "SELECT payment_id, number FROM payment_attempt WHERE payment_id = $1"


class CardAudit:
    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    async def case(self, payment: Mapping[str, Any]) -> Case:
        rows = await self.evidence.rows(_ATTEMPTS, payment["id"])
        attempts = [f"{row['payment_id']}-{row['number']}" for row in rows]
        effects = [
            effect
            for acquirer in ACQUIRERS
            for effect in await sandbox_effects(self.evidence, acquirer, attempts)
        ]
        (case,) = await cases(self.evidence, effects, [payment["id"]])
        return case

    async def fits(self, payment: Mapping[str, Any]) -> Case:
        """Record, ledger, events and the acquirers' books agree to the cent, now."""
        case = await self.case(payment)
        assert findings(case) == [], [str(each) for each in findings(case)]
        return case

    async def ends(self, payment: Mapping[str, Any], status: str, within_s: float = 30) -> Case:
        """Wait until it has this status and everything fits."""

        async def there() -> Case | None:
            case = await self.case(payment)
            return case if case.payment["status"] == status and not findings(case) else None

        try:
            return await until(there, within_s, f"{payment['id']} does not end {status}")
        except AssertionError:
            case = await self.fits(payment)
            assert case.payment["status"] == status
            raise
