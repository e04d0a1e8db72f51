"""The caller's own objects: what is another's, or ill-formed, is as unknown as what never was."""

import re
from typing import Final
from uuid import UUID

from fastapi import Request

from api.answers import Refusal
from api.desk import desk_of
from api.exchange import Exchange
from payments.domain import ids
from payments.domain.case import Case
from payments.domain.codes import Code
from payments.domain.destination import Destination
from payments.domain.dispute import Dispute
from payments.domain.payment import Payment
from payments.domain.payout import Payout
from payments.domain.refund import Refund
from payments.domain.webhook import Endpoint
from payments.ports.methods import Customer

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
    exchange, found = Exchange.of(request), None
    if is_id(payment_id):
        with exchange.measured("record.payment"):
            found = await desk_of(request).cards.records.find(caller_of(request), payment_id)
    if found is None:
        raise Refusal(Code.PAYMENT_UNKNOWN)
    return found


async def own_refund(request: Request, refund_id: str) -> Refund:
    exchange, found = Exchange.of(request), None
    if is_id(refund_id):
        with exchange.measured("record.refund"):
            found = await desk_of(request).cards.refund_records.find(caller_of(request), refund_id)
    if found is None:
        raise Refusal(Code.REFUND_UNKNOWN)
    return found


async def own_payout(request: Request, payout_id: str) -> Payout:
    exchange, found = Exchange.of(request), None
    if is_id(payout_id):
        with exchange.measured("record.payout"):
            found = await desk_of(request).payouts.records.find(caller_of(request), payout_id)
    if found is None:
        raise Refusal(Code.PAYOUT_UNKNOWN)
    return found


async def own_destination(request: Request, destination_id: str) -> Destination:
    exchange, found = Exchange.of(request), None
    if is_id(destination_id):
        with exchange.measured("record.destination"):
            book = desk_of(request).payouts.destinations
            found = await book.find(caller_of(request), destination_id)
    if found is None:
        raise Refusal(Code.DESTINATION_UNKNOWN)
    return found


async def own_dispute(request: Request, dispute_id: str) -> Dispute:
    exchange, found = Exchange.of(request), None
    if is_id(dispute_id):
        with exchange.measured("record.dispute"):
            found = await desk_of(request).disputes.records.find(caller_of(request), dispute_id)
    if found is None:
        raise Refusal(Code.DISPUTE_UNKNOWN)
    return found


async def own_case(request: Request, case_id: str) -> Case:
    exchange, found = Exchange.of(request), None
    if is_id(case_id):
        with exchange.measured("record.case"):
            found = await desk_of(request).cards.cases.find(caller_of(request), case_id)
    if found is None:
        raise Refusal(Code.CASE_UNKNOWN)
    return found


async def own_customer(request: Request, customer_id: str) -> Customer:
    exchange, found = Exchange.of(request), None
    if is_id(customer_id):
        with exchange.measured("record.customer"):
            found = await desk_of(request).cards.methods.customer(caller_of(request), customer_id)
    if found is None:
        raise Refusal(Code.CUSTOMER_UNKNOWN)
    return found


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
