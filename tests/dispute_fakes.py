"""Disputes in memory, over the same payments as FakePayments. tests/contracts keeps them honest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from payments.domain import dispute_ledger, ids
from payments.domain.codes import Code
from payments.domain.dispute import (
    CLOSED,
    OPEN,
    TAKING,
    UNANSWERED,
    Dispute,
    DisputeStatus,
    Response,
    ResponseOrder,
    ResponseState,
    Seen,
    Sighting,
    Unopened,
    steps,
    taken_minor,
)
from payments.domain.dispute_events import CREATED, EVIDENCE_DUE, event_of
from payments.domain.evidence import (
    MOST_FILES,
    MOST_VERSIONS,
    Enclosure,
    Evidence,
    EvidenceFile,
    EvidenceText,
    KeptFile,
    MediaType,
    digest_of,
)
from payments.domain.money import Money
from payments.domain.payment import FINAL
from payments.ports.disputes import DisputeFilter
from payments.ports.record import RecordUnavailable
from tests.card_fakes import FakePayments


@dataclass
class FakeDisputes:
    """Postings go to the payments' own; an event is (type, dispute id, status)."""

    payments: FakePayments
    calls: list[str] = field(default_factory=list)
    rows: dict[str, Dispute] = field(default_factory=dict)
    events: list[tuple[str, str, DisputeStatus]] = field(default_factory=list)
    unavailable: bool = False
    evidence: "FakeEvidence" = field(init=False)
    _told: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.evidence = FakeEvidence(self)

    async def see(self, sighting: Sighting) -> Seen:
        dispute_id, found = sighting.order.dispute_id, sighting.found
        self._call("see", f"{found.status} {dispute_id}")
        standing = self.rows.get(dispute_id)
        if standing is not None and standing.amount != found.amount:
            return Seen(standing, contradicts=True)
        way = steps(standing.status if standing else None, found.status)
        if way is None:
            return Seen(standing, contradicts=True)
        if standing is None:
            made = await self._opened(sighting, way[0])
            if isinstance(made, Unopened):
                return Seen(unopened=made)
            self._write(None, made, CREATED)
            standing, way = made, way[1:]
        if not way and (standing.fee_minor, standing.due_at) != (found.fee.minor, found.due_at):
            way = (standing.status,)
        for status in way:
            standing = self._moved(standing, sighting, status)
        return Seen(self.rows[dispute_id])

    async def remind(self, dispute_id: str, number: int, *, last: bool) -> Dispute:
        self._call("remind", f"{number}{' last' if last else ''} {dispute_id}")
        standing = self.rows[dispute_id]
        if standing.reminded >= number or not standing.can_be_answered:
            return standing
        self.rows[dispute_id] = replace(standing, reminded=number)
        self._tell(EVIDENCE_DUE, standing)
        return self.rows[dispute_id]

    async def answer(self, order: ResponseOrder) -> Dispute | Code:
        self._call("answer", f"{order.response} {order.dispute_id}")
        standing = self.rows[order.dispute_id]
        if standing.response_state in (ResponseState.SENDING, ResponseState.TAKEN):
            is_same = (standing.response, standing.response_version) == (
                *(order.response, order.version),
            )
            return standing if is_same else Code.DISPUTE_ANSWERED
        if standing.status not in UNANSWERED:
            return Code.DISPUTE_STATE
        if order.version is not None:
            if standing.due_at is not None and standing.due_at <= order.at:
                return Code.EVIDENCE_TOO_LATE
            if order.version > len(self.evidence.rows.get(order.dispute_id, [])):
                return Code.EVIDENCE_MISSING
        self.rows[order.dispute_id] = replace(
            standing,
            response=order.response,
            response_version=order.version,
            response_state=ResponseState.SENDING,
        )
        return self.rows[order.dispute_id]

    async def answered(
        self, dispute_id: str, response: Response, version: int | None, state: ResponseState
    ) -> Dispute:
        self._call("answered", f"{state} {dispute_id}")
        standing = self.rows[dispute_id]
        here = (standing.response, standing.response_version, standing.response_state)
        if here == (response, version, ResponseState.SENDING):
            self.rows[dispute_id] = replace(standing, response_state=state)
        return self.rows[dispute_id]

    async def find(self, partner_id: str, dispute_id: str) -> Dispute | None:
        row = self.rows.get(dispute_id)
        return row if row is not None and row.partner_id == partner_id else None

    async def named(self, dispute_id: str) -> Dispute | None:
        return self.rows.get(dispute_id)

    async def unfinished(self, after: str | None, most: int) -> Sequence[Dispute]:
        rows = sorted(self.rows.values(), key=lambda row: row.dispute_id)
        behind = [row for row in rows if row.dispute_id > (after or "")]
        return [row for row in behind if row.status not in CLOSED][:most]

    async def list(self, partner_id: str | None, wanted: DisputeFilter) -> Sequence[Dispute]:
        rows = [
            row
            for row in reversed(self.rows.values())
            if partner_id in (None, row.partner_id)
            and wanted.status in (None, row.status)
            and wanted.payment_id in (None, row.payment_id)
        ]
        if wanted.after is not None:
            names = [row.dispute_id for row in rows]
            rows = rows[names.index(wanted.after) + 1 :] if wanted.after in names else []
        return rows[: wanted.limit]

    async def _opened(self, sighting: Sighting, status: DisputeStatus) -> Dispute | Unopened:
        order, found = sighting.order, sighting.found
        attempt = await self.payments.attempt(found.payment or "")
        if attempt is None or attempt.provider != order.provider:
            return Unopened.NO_PAYMENT
        payment = self.payments.rows[attempt.order.payment_id]
        captured = Money(payment.captured_minor, payment.amount.currency)
        if found.amount.currency != captured.currency:
            return Unopened.OTHER_MONEY
        if found.amount.minor > captured.minor:
            return Unopened.OTHER_MONEY if payment.status in FINAL else Unopened.NO_MONEY_YET
        return Dispute(
            dispute_id=order.dispute_id,
            payment_id=payment.payment_id,
            partner_id=payment.partner_id,
            provider=order.provider,
            reference=order.reference,
            amount=found.amount,
            status=status,
            reason=found.reason,
            raw_reason=found.raw_reason,
            fee_minor=found.fee.minor,
            taken_minor=taken_minor(status, found.amount, found.fee),
            returned_minor=0,
            due_at=found.due_at,
            reminded=0,
            response=None,
            response_version=None,
            response_state=None,
            opened_at=found.opened_at,
            updated_at=sighting.at,
            closed_at=None,
        )

    def _moved(self, standing: Dispute, sighting: Sighting, status: DisputeStatus) -> Dispute:
        found = sighting.found
        after = replace(
            standing,
            status=status,
            fee_minor=found.fee.minor,
            taken_minor=taken_minor(status, found.amount, found.fee),
            due_at=found.due_at,
            updated_at=sighting.at,
        )
        if (standing.status, standing.due_at) != (after.status, after.due_at):
            after = replace(after, reminded=0)
        if status in CLOSED:
            after = replace(after, closed_at=standing.closed_at or sighting.at)
        if status in TAKING and standing.status not in TAKING:
            after = replace(after, response=None, response_version=None, response_state=None)
        self._write(standing, after, event_of(status))
        return self.rows[after.dispute_id]

    def _write(self, before: Dispute | None, after: Dispute, event: str) -> None:
        payment = self.payments.rows[after.payment_id]
        was_taking = before is not None and before.status in TAKING
        taking = (after.status in TAKING) - was_taking
        opened = (after.status in OPEN) - (before is not None and before.status in OPEN)
        payment = replace(
            payment,
            disputed_minor=payment.disputed_minor + taking * after.amount.minor,
            open_disputes=payment.open_disputes + opened,
        )
        self.payments.rows[after.payment_id] = payment
        if taking > 0:
            gone = payment.refunded_minor + payment.refund_reserved_minor + payment.disputed_minor
            twice = min(max(gone - payment.captured_minor, 0), after.amount.minor)
            after = replace(after, returned_minor=twice)
        self.rows[after.dispute_id] = after
        self._tell(event, after)
        posting = dispute_ledger.withdrawn(
            after.dispute_id,
            sequence=self._told[after.dispute_id],
            status=after.status,
            partner_id=after.partner_id,
            provider=after.provider,
            more=Money(
                after.taken_minor - (before.taken_minor if before else 0), after.amount.currency
            ),
        )
        if posting is not None:
            self.payments._post(posting)

    def _tell(self, event: str, standing: Dispute) -> None:
        self._told[standing.dispute_id] = self._told.get(standing.dispute_id, 0) + 1
        self.events.append((event, standing.dispute_id, standing.status))

    def _call(self, operation: str, subject: str) -> None:
        self.calls.append(f"{operation} {subject}")
        if self.unavailable:
            raise RecordUnavailable("connection refused")


@dataclass
class FakeEvidence:
    """Of the disputes; `contents` holds each file's bytes by its id."""

    disputes: FakeDisputes
    rows: dict[str, list[Evidence]] = field(default_factory=dict)
    kept: dict[str, list[KeptFile]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)

    async def keep_file(
        self, dispute_id: str, media_type: MediaType, content: bytes, at: datetime
    ) -> KeptFile | Code:
        digest = digest_of(content)
        file_id = ids.file_id(dispute_id, digest)
        kept = self.kept.setdefault(dispute_id, [])
        known = next((one for one in kept if one.file_id == file_id), None)
        if known is not None:
            return known
        if len(kept) >= MOST_FILES or self._obstacle(dispute_id, at):
            return self._obstacle(dispute_id, at) or Code.TOO_MUCH_EVIDENCE
        made = KeptFile(file_id, media_type, len(content), digest.hex(), at)
        kept.append(made)
        self.contents[file_id] = content
        return made

    async def add(
        self,
        dispute_id: str,
        texts: Mapping[EvidenceText, str],
        files: Mapping[EvidenceFile, str],
        *,
        trace: str,
        at: datetime,
    ) -> Evidence | Code:
        rows = self.rows.setdefault(dispute_id, [])
        if rows and (rows[-1].texts, rows[-1].files) == (texts, files):
            return rows[-1]
        if not {one.file_id for one in self.kept.get(dispute_id, [])}.issuperset(files.values()):
            return Code.EVIDENCE_MISSING
        if len(rows) >= MOST_VERSIONS or self._obstacle(dispute_id, at):
            return self._obstacle(dispute_id, at) or Code.TOO_MUCH_EVIDENCE
        rows.append(Evidence(len(rows) + 1, dict(texts), dict(files), at))
        return rows[-1]

    async def versions(self, dispute_id: str) -> Sequence[Evidence]:
        return list(self.rows.get(dispute_id, []))

    async def files(self, dispute_id: str) -> Sequence[KeptFile]:
        return list(self.kept.get(dispute_id, []))

    async def enclosed(
        self, dispute_id: str, version: int
    ) -> tuple[Mapping[EvidenceText, str], tuple[Enclosure, ...]]:
        rows = self.rows.get(dispute_id, [])
        if version > len(rows):
            raise LookupError(f"{dispute_id} has no version {version} of evidence")
        types = {one.file_id: one.media_type for one in self.kept.get(dispute_id, [])}
        evidence = rows[version - 1]
        return evidence.texts, tuple(
            Enclosure(about, file_id, types[file_id], self.contents[file_id])
            for about, file_id in sorted(evidence.files.items())
        )

    def _obstacle(self, dispute_id: str, at: datetime) -> Code | None:
        dispute = self.disputes.rows.get(dispute_id)
        if dispute is None:
            raise LookupError(f"{dispute_id} was never opened")
        if dispute.response_state in (ResponseState.SENDING, ResponseState.TAKEN):
            return Code.DISPUTE_ANSWERED
        if dispute.status not in UNANSWERED:
            return Code.DISPUTE_STATE
        is_late = dispute.due_at is not None and dispute.due_at <= at
        return Code.EVIDENCE_TOO_LATE if is_late else None
