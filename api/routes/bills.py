"""Bills: look one up, lock it, pay it, give it back."""

import hashlib
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.answers import Refusal, envelope, field_refused
from api.desk import Desk, desk_of
from api.documents import answers
from api.exchange import Exchange
from api.lock_tokens import HeldLock, UnknownLock
from api.once import idempotency_key, once
from api.schemas import (
    BillQuery,
    BillView,
    LockBody,
    LockView,
    PayBody,
    ReleaseView,
    TransactionView,
    UnlockBody,
)
from api.strict import StrictRoute, needs
from payments.domain.bill import BillRef, TransactionState
from payments.domain.codes import Code
from payments.domain.money import Money, MoneyError
from payments.domain.partner import Scope

router = APIRouter(route_class=StrictRoute, tags=["bills"])


@router.get(
    "/bill/lookup",
    **needs(Scope.READ_BILL),
    **answers(BillView, also={304: "Nothing changed since the answer with this ETag"}),
)
async def look_up(request: Request, query: Annotated[BillQuery, Query()]) -> Response:
    """What a customer owes. A few seconds old at the most; the lock decides."""
    exchange = Exchange.of(request)
    desk = desk_of(request)
    view = await desk.lookups.bill(_ref(query), exchange)
    tag = hashlib.sha256(view.model_dump_json().encode()).hexdigest()[:32]
    headers = {
        "ETag": f'"{tag}"',
        "Cache-Control": f"private, max-age={desk.lookups.ttl_s}",
    }
    if _knows(request, tag):
        exchange.code = Code.OK
        return Response(status_code=304, headers=headers)
    return envelope(exchange, Code.OK, view, message="Bill found", headers=headers)


@router.post("/bill/lock", **needs(Scope.POST_PAYMENT), **answers(LockView, 409))
async def lock(request: Request, body: LockBody) -> Response:
    """Hold the bill for five minutes. One payer at a time, across all partners."""
    return await once(request, partial(_lock, request, _ref(body), desk_of(request)))


async def _lock(request: Request, ref: BillRef, desk: Desk) -> Response:
    exchange, partner_id = Exchange.of(request), _partner_id(request)
    desk.lookups.biller(ref.biller_id)
    agreement = desk.partners.agreement(partner_id, ref.biller_id)
    if agreement is None:
        raise field_refused(Code.BILLER_UNKNOWN, "billerId", "no agreement for this biller")
    with exchange.measured("engine.lock"):
        held = await desk.locks.take(
            partner_id=partner_id,
            bill=ref,
            agreement=agreement,
            key=idempotency_key(request) or exchange.trace,
            trace=exchange.trace,
        )
    desk.lookups.forget(ref)
    view = LockView.of(held, desk.lock_tokens.seal(partner_id, held))
    return envelope(exchange, Code.OK, view, message="Bill locked")


@router.post("/bill/unlock", **needs(Scope.POST_PAYMENT), **answers(ReleaseView, 409))
async def unlock(request: Request, body: UnlockBody) -> Response:
    """Give the lock back early."""
    desk = desk_of(request)
    held = _open(request, desk, body.lock_token)
    return await once(request, partial(_unlock, request, held, desk))


async def _unlock(request: Request, held: HeldLock, desk: Desk) -> Response:
    exchange = Exchange.of(request)
    with exchange.measured("engine.release"):
        await desk.locks.give_back(partner_id=_partner_id(request), held=held, trace=exchange.trace)
    desk.lookups.forget(held.bill)
    bill = held.bill
    view = ReleaseView(
        biller_id=bill.biller_id,
        bill_number=bill.bill_number,
        billing_period=bill.billing_period,
    )
    return envelope(exchange, Code.OK, view, message="Lock released")


@router.post(
    "/bill/pay",
    **needs(Scope.POST_PAYMENT),
    **answers(
        TransactionView,
        409,
        also={202: "The biller takes its time; ask the status", 402: "Declined; nothing moved"},
    ),
)
async def pay(request: Request, body: PayBody) -> Response:
    """Pay the locked bill. Accepted before expiry means honoured, however long the biller takes."""
    desk = desk_of(request)
    held = _open(request, desk, body.lock_token)
    if body.amount is not None:
        _compare(body.amount, held.amount)
    return await once(request, partial(_pay, request, held, body.transaction_id, desk))


async def _pay(
    request: Request, held: HeldLock, partner_transaction_id: str, desk: Desk
) -> Response:
    exchange = Exchange.of(request)
    with exchange.measured("engine.pay"):
        transaction = await desk.locks.pay(
            partner_id=_partner_id(request),
            held=held,
            partner_transaction_id=partner_transaction_id,
            trace=exchange.trace,
        )
    desk.lookups.forget(held.bill)
    view = TransactionView.of(transaction)
    match transaction.state:
        case TransactionState.PAID:
            return envelope(exchange, Code.OK, view)
        case TransactionState.PROCESSING:
            return envelope(exchange, Code.PENDING, view)
        case TransactionState.DECLINED:
            assert transaction.code is not None, "a decline without a code"
            return envelope(exchange, transaction.code, view)


def _ref(query: BillQuery) -> BillRef:
    return BillRef(query.biller_id, query.bill_number, query.billing_period)


def _partner_id(request: Request) -> str:
    partner_id = Exchange.of(request).partner_id
    assert partner_id is not None, "the route admits nobody without a token"
    return partner_id


def _open(request: Request, desk: Desk, token: str) -> HeldLock:
    """A foreign token is as unknown as a made-up one."""
    try:
        return desk.lock_tokens.open(_partner_id(request), token)
    except UnknownLock:
        raise Refusal(Code.LOCK_UNKNOWN) from None


def _compare(told: str, locked: Money) -> None:
    try:
        amount = Money.parse(told, locked.currency)
    except MoneyError as error:
        raise field_refused(Code.FIELD_REFUSED, "amount", str(error)) from None
    if amount != locked:
        raise field_refused(Code.AMOUNT_DIFFERS, "amount", f"the locked bill is {locked}")


def _knows(request: Request, tag: str) -> bool:
    known = request.headers.get("if-none-match", "")
    return known.strip() == "*" or f'"{tag}"' in known
