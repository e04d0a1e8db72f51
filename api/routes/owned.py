"""The caller's own objects: what is another's, or ill-formed, is as unknown as what never was."""

import re
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from uuid import UUID

from fastapi import Request

from api.answers import Refusal
from api.desk import desk_of
from api.exchange import Exchange
from payments.domain import ids
from payments.domain.batch import Batch
from payments.domain.case import Case
from payments.domain.codes import Code
from payments.domain.destination import Destination
from payments.domain.dispute import Dispute
from payments.domain.payment import Payment
from payments.domain.payout import Payout
from payments.domain.refund import Refund
from payments.domain.webhook import Endpoint
from payments.ports.methods import Customer

Found = TypeVar("Found")
_ID: Final = re.compile(r"(ba|pay|re|dp|po|dst|cus|whe|case)_[0-9a-z]{26}", re.ASCII)


def caller_of(request: Request) -> str:
    """The partner's id."""
    partner_id = Exchange.of(request).partner_id
    assert partner_id is not None, "the route admits nobody without a token"
    return partner_id


def is_id(text: str) -> bool:
    """Nothing else reaches the record or the engine."""
    return _ID.fullmatch(text) is not None


async def own_payment(request: Request, payment_id: str) -> Payment:
    find = desk_of(request).cards.records.find
    return await _own(request, payment_id, "record.payment", find, Code.PAYMENT_UNKNOWN)


async def own_refund(request: Request, refund_id: str) -> Refund:
    find = desk_of(request).cards.refund_records.find
    return await _own(request, refund_id, "record.refund", find, Code.REFUND_UNKNOWN)


async def own_payout(request: Request, payout_id: str) -> Payout:
    find = desk_of(request).payouts.records.find
    return await _own(request, payout_id, "record.payout", find, Code.PAYOUT_UNKNOWN)


async def own_destination(request: Request, destination_id: str) -> Destination:
    find = desk_of(request).payouts.destinations.find
    return await _own(request, destination_id, "record.destination", find, Code.DESTINATION_UNKNOWN)


async def own_dispute(request: Request, dispute_id: str) -> Dispute:
    find = desk_of(request).disputes.records.find
    return await _own(request, dispute_id, "record.dispute", find, Code.DISPUTE_UNKNOWN)


async def own_case(request: Request, case_id: str) -> Case:
    find = desk_of(request).cards.cases.find
    return await _own(request, case_id, "record.case", find, Code.CASE_UNKNOWN)


async def own_customer(request: Request, customer_id: str) -> Customer:
    find = desk_of(request).cards.methods.customer
    return await _own(request, customer_id, "record.customer", find, Code.CUSTOMER_UNKNOWN)


async def own_batch(request: Request, batch_id: str) -> Batch:
    find = desk_of(request).batches.record.find
    return await _own(request, batch_id, "record.batch", find, Code.BATCH_UNKNOWN)


async def own_endpoint(request: Request, endpoint_id: str) -> Endpoint:
    exchange = Exchange.of(request)
    if not is_id(endpoint_id):
        raise Refusal(Code.ENDPOINT_UNKNOWN)
    with exchange.measured("record.endpoint"):
        return await desk_of(request).webhooks.own(caller_of(request), endpoint_id)


def event_named(name: str) -> UUID:
    """The event's own id; whose it is, the record knows."""
    try:
        return ids.event_of_name(name)
    except ValueError:
        raise Refusal(Code.EVENT_UNKNOWN) from None


async def _own(
    request: Request,
    name: str,
    measured: str,
    find: Callable[[str, str], Awaitable[Found | None]],
    unknown: Code,
) -> Found:
    """`find` takes the partner's id and the object's."""
    found = None
    if is_id(name):
        with Exchange.of(request).measured(measured):
            found = await find(caller_of(request), name)
    if found is None:
        raise Refusal(unknown)
    return found
