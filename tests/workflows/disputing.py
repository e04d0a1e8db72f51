"""A payment, a dispute of it at the provider, and the doors of the workflow that follows it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from temporalio.client import WorkflowHandle

from payments.domain import ids
from payments.domain.dispute import (
    Dispute,
    DisputeAnswer,
    DisputeOrder,
    DisputeStatus,
    Response,
    ResponseOrder,
)
from payments.domain.evidence import EvidenceFile, EvidenceText, KeptFile, MediaType
from payments.domain.money import Money
from payments.domain.payment import PaymentOrder
from tests.dispute_factories import make_dispute_order, make_found
from tests.patience import until
from tests.workflows.card_desk import CardDesk, make_order
from workflows import dispute as following

Handle = WorkflowHandle[following.Dispute, DisputeAnswer]
WEEK = timedelta(days=7)
PNG = b"\x89PNG\r\n\x1a\n and the rest"
_events = count(1)


@dataclass
class Disputing:
    """`order` names the dispute, `payment` is what it is about."""

    desk: CardDesk
    payment: PaymentOrder
    order: DisputeOrder

    @property
    def row(self) -> Dispute:
        return self.desk.disputes.rows[self.order.dispute_id]

    @property
    def handle(self) -> Handle:
        workflow_id = ids.dispute(self.order.dispute_id)
        return self.desk.client.get_workflow_handle_for(following.Dispute.run, workflow_id)

    @property
    def events(self) -> Sequence[str]:
        return [event.removeprefix("dispute.") for event, _, _ in self.desk.disputes.events]

    def decide(self, status: DisputeStatus, **changes: Any) -> None:
        self.desk.north.decide(self.order.reference, status, **changes)

    async def told(self, patience: timedelta | None = None) -> DisputeAnswer:
        """As a webhook does: it starts the workflow, or rings."""
        start = following.dispute_operation(self.order, self.desk.task_queue)
        try:
            return await self.desk.client.execute_update_with_start_workflow(
                following.Dispute.told,
                f"evt_{next(_events)}",
                start_workflow_operation=start,
                rpc_timeout=patience or self.desk.patience,
            )
        finally:
            await asyncio.gather(start.workflow_handle(), return_exceptions=True)

    async def respond(self, version: int | None = None, *, id_: str = "") -> DisputeAnswer:
        response = Response.ACCEPTANCE if version is None else Response.EVIDENCE
        order = ResponseOrder(self.order.dispute_id, response, datetime.now(UTC), version)
        start = following.dispute_operation(self.order, self.desk.task_queue)
        try:
            return await self.desk.client.execute_update_with_start_workflow(
                following.Dispute.respond,
                order,
                start_workflow_operation=start,
                id=id_ or f"respond:{next(_events)}",
                rpc_timeout=self.desk.patience,
            )
        finally:
            await asyncio.gather(start.workflow_handle(), return_exceptions=True)

    async def said(self) -> int:
        """A version of evidence with a text and a file."""
        evidence, dispute_id = self.desk.disputes.evidence, self.order.dispute_id
        now = datetime.now(UTC)
        file = await evidence.keep_file(dispute_id, MediaType.PNG, PNG, now)
        assert isinstance(file, KeptFile)
        added = await evidence.add(
            dispute_id,
            {EvidenceText.EXPLANATION: "They wore it for a year."},
            {EvidenceFile.RECEIPT: file.file_id},
            trace="trace",
            at=now,
        )
        assert not isinstance(added, str)
        return added.version

    async def until_event(self, event: str) -> None:
        async def told() -> bool:
            return event in self.events

        await until(told, self.desk.patience.total_seconds(), f"{event} was never told")

    async def until_reminded(self, times: int) -> None:
        async def is_reminded() -> bool:
            return self.row.reminded == times

        await until(is_reminded, self.desk.patience.total_seconds(), f"not reminded {times} times")

    async def until_status(self, status: DisputeStatus) -> None:
        async def reached() -> bool:
            rows = self.desk.disputes.rows
            return self.order.dispute_id in rows and self.row.status is status

        await until(reached, self.desk.patience.total_seconds(), f"it never was {status}")


async def disputed(desk: CardDesk, **changes: Any) -> Disputing:
    """At the provider; we have not heard of it yet."""
    payment = make_order()
    await desk.charge(payment)
    disputing = Disputing(desk, payment, make_dispute_order())
    there = make_found(payment, disputing.order, due_at=datetime.now(UTC) + WEEK)
    desk.north.disputes[disputing.order.reference] = replace(there, **changes)
    return disputing


async def opened(desk: CardDesk, **changes: Any) -> Disputing:
    disputing = await disputed(desk, **changes)
    await disputing.told()
    return disputing


async def warned(desk: CardDesk, **changes: Any) -> Disputing:
    status = DisputeStatus.WARNING_NEEDS_RESPONSE
    return await opened(desk, status=status, fee=Money(0, "USD"), **changes)
