"""The pages of disputes: which there are, how one stands, and what was given against it.

What was said stands in no page: it may tell of people, and `cli.py dispute evidence` writes it out.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.answers import Refusal
from api.console import asked
from api.console.frame import page
from api.console.listing import listed
from api.routes.owned import is_id
from payments.domain.codes import Code
from payments.domain.dispute import Dispute, DisputeStatus
from payments.domain.money import Money
from payments.ports.disputes import DisputeFilter, Disputes, EvidenceStore


def routes(disputes: Disputes, evidence: EvidenceStore) -> list[Route]:
    pages = _Pages(disputes, evidence)
    return [
        Route("/disputes", pages.disputes),
        Route("/disputes/{dispute}", pages.dispute),
    ]


class _Pages:
    def __init__(self, disputes: Disputes, evidence: EvidenceStore) -> None:
        self._disputes = disputes
        self._evidence = evidence

    async def disputes(self, request: Request) -> Response:
        query = asked.query_of(request, "partner", "status", "before")
        partner_id = asked.partner_of(query)
        status = asked.one_of(query, "status", DisputeStatus)

        async def find(before: str | None, limit: int) -> Sequence[Dispute]:
            wanted = DisputeFilter(status, after=before, limit=limit)
            return await self._disputes.list(partner_id, wanted)

        found = await listed(query, find, lambda each: each.dispute_id)
        return page(
            "disputes.html",
            listed=found,
            found=[(each, _money(each)) for each in found.shown],
            partner=partner_id,
            status=status,
            statuses=list(DisputeStatus),
        )

    async def dispute(self, request: Request) -> Response:
        asked.query_of(request)
        name = request.path_params["dispute"]
        dispute = await self._disputes.named(name) if is_id(name) else None
        if dispute is None:
            raise Refusal(Code.DISPUTE_UNKNOWN)
        return page(
            "dispute.html",
            dispute=dispute,
            money=_money(dispute),
            versions=await self._evidence.versions(name),
            files=await self._evidence.files(name),
        )


def _money(dispute: Dispute) -> dict[str, str]:
    def written(minor: int) -> str:
        return f"{Money(minor, dispute.amount.currency)} {dispute.amount.currency}"

    return {
        "amount": written(dispute.amount.minor),
        "fee": written(dispute.fee_minor),
        "taken": written(dispute.taken_minor),
        "twice": written(dispute.returned_minor) if dispute.returned_minor else "",
    }
