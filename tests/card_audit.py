"""The audit of single payments in a gateway that is at work, as the scenarios need it."""

from collections.abc import Callable, Mapping
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
        """Record, ledger, events and the acquirers' books agree to the cent. They are read one
        after the other, and what happens meanwhile is in some of them: until they stand still.
        """
        return await self._until(payment, lambda _: True, 20, "does not fit")

    async def ends(self, payment: Mapping[str, Any], status: str, within_s: float = 30) -> Case:
        """Wait until it has this status and everything fits."""

        def has_ended(case: Case) -> bool:
            return bool(case.payment["status"] == status)

        return await self._until(payment, has_ended, within_s, f"does not end {status}")

    async def _until(
        self,
        payment: Mapping[str, Any],
        is_over: Callable[[Case], bool],
        within_s: float,
        what: str,
    ) -> Case:
        amiss: list[str] = []

        async def there() -> Case | None:
            case = await self.case(payment)
            amiss[:] = [case.payment["status"], *map(str, findings(case))]
            return case if is_over(case) and len(amiss) == 1 else None

        try:
            return await until(there, within_s, f"{payment['id']} {what}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {amiss}") from error
