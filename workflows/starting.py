"""How a workflow is started from outside: one of money together with its first update, and once."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, TypeVar

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.types import MethodAsyncNoParam, MethodAsyncSingleParam

from payments.domain.money import Money
from payments.domain.payout import PayoutOrder, PayoutStatus
from payments.domain.row import RowRef
from payments.temporal import AMOUNT_MINOR, PARTNER_ID, PAY_STATE, PROVIDER, ROW

_RPC_TIMEOUT: Final = timedelta(seconds=5)
Story = TypeVar("Story")
Order = TypeVar("Order")
End = TypeVar("End")


def operation(
    story: Callable[[Story, Order], Awaitable[End]],
    order: Order,
    *,
    id: str,  # noqa: A002 as Temporal calls it
    task_queue: str,
    attributes: TypedSearchAttributes,
    summary: str,
    details: str | None = None,
    can_run_again: bool = False,
) -> WithStartWorkflowOperation[Story, End]:
    """Who starts what runs already meets it. What has ended is started again only if it failed,
    which is how a run that never began ends; or always, if it `can_run_again`: then it asks the
    record before each effect.
    """
    reuse = WorkflowIDReusePolicy
    return WithStartWorkflowOperation(
        story,
        order,
        id=id,
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=(
            reuse.ALLOW_DUPLICATE if can_run_again else reuse.ALLOW_DUPLICATE_FAILED_ONLY
        ),
        search_attributes=attributes,
        static_summary=summary,
        static_details=details,
    )


def found_by(
    partner_id: str, amount: Money, *, state: str | None = None, provider: str | None = None
) -> TypedSearchAttributes:
    """What operators look for in Temporal's lists."""
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(PARTNER_ID, partner_id),
        SearchAttributePair(AMOUNT_MINOR, amount.minor),
    ]
    if state is not None:
        pairs.append(SearchAttributePair(PAY_STATE, str(state)))
    if provider is not None:
        pairs.append(SearchAttributePair(PROVIDER, provider))
    return TypedSearchAttributes(pairs)


async def begin_standing(
    client: Client,
    story: MethodAsyncNoParam[Any, None],
    *,
    id: str,  # noqa: A002 as Temporal calls it
    task_queue: str,
    summary: str,
) -> None:
    """One that never ends. Every worker begins it when it starts; together they have one."""
    await client.start_workflow(
        story,
        id=id,
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        static_summary=summary,
    )


async def begin_again(
    client: Client,
    task_queue: str,
    id: str,  # noqa: A002 as Temporal calls it
    *,
    story: MethodAsyncSingleParam[Any, Order, Any],
    order: Order,
    attributes: TypedSearchAttributes,
    summary: str,
    memo: Mapping[str, str] | None = None,
) -> None:
    """One that the engine has lost. What it has, at work or ended, is left as it is."""
    with suppress(WorkflowAlreadyStartedError):
        await client.start_workflow(
            story,
            order,
            id=id,
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=attributes,
            static_summary=summary,
            memo=memo,
            rpc_timeout=_RPC_TIMEOUT,
        )


def payout_found_by(order: PayoutOrder) -> TypedSearchAttributes:
    return found_by(order.partner_id, order.amount, state=PayoutStatus.QUEUED, provider=order.rail)


def payout_mark(row: RowRef) -> tuple[str, str]:
    """In the memo of a payout that is a row of a batch: which one."""
    return ROW, f"{row.batch_id} {row.line}"


def payout_summary(order: PayoutOrder) -> str:
    return f"{order.amount} {order.amount.currency} out for {order.partner_id}"
