"""The HTTP biller's own tables: which answer means what, and what surely never left us."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import httpx2
import pytest

from payments.adapters.billers.http import mapping
from payments.adapters.billers.http.biller import HttpBiller
from payments.adapters.billers.http.client import Client
from payments.domain.bill import Bill, BillRef, Refused
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import Outcome, OutcomeKind
from payments.outside.wire import Reply, Timeouts
from payments.ports.biller import BillerUnavailable
from tests.contracts.factories import make_payment

REF = BillRef("DESCO", "1234567800", "2026-04")
PAYMENT = make_payment(bill=REF)
SENT_BY = datetime(2026, 4, 30, 8, 22, tzinfo=UTC)
BILL = {
    "billNumber": "1234567800",
    "period": "2026-04",
    "amountDue": "1250.00",
    "currency": "BDT",
    "dueDate": "2026-05-15",
    "customerName": "Rahima Khatun",
    "state": "DUE",
}
PAID = {
    "reference": PAYMENT.transaction_id,
    "receipt": "DESCO-1",
    "paidAt": "2026-04-30T14:21:16+06:00",
    "state": "PAID",
}
ACCEPTED = Outcome(
    OutcomeKind.ACCEPTED, reference="DESCO-1", at=datetime(2026, 4, 30, 8, 21, 16, tzinfo=UTC)
)


def test_a_bill_is_read_with_its_name_masked() -> None:
    bill = mapping.bill(Reply(200, BILL), REF, "BDT")

    assert bill == Bill(REF, Money(125_000, "BDT"), date(2026, 5, 15), "R***** K*****", paid=False)


def test_a_name_that_cannot_be_written_down_is_no_obstacle() -> None:
    bill = mapping.bill(Reply(200, BILL | {"customerName": "\ud83dahima"}), REF, "BDT")

    assert isinstance(bill, Bill)
    assert bill.customer_name == "?*****"


def test_a_paid_bill_may_owe_nothing() -> None:
    bill = mapping.bill(Reply(200, BILL | {"state": "PAID", "amountDue": "0.00"}), REF, "BDT")

    assert isinstance(bill, Bill)
    assert bill.paid
    assert bill.amount == Money(0, "BDT")


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (404, "BILL_NOT_FOUND", Code.BILL_NOT_FOUND),
        (404, "BILLER_NOT_FOUND", Code.BILLER_UNKNOWN),
        (409, "ALREADY_PAID", Code.BILL_ALREADY_PAID),
        (409, "HELD", Code.BILL_LOCKED),
    ],
)
def test_a_bill_that_cannot_be_had_is_refused(status: int, error: str, code: Code) -> None:
    assert mapping.bill(Reply(status, {"error": error}), REF, "BDT") == Refused(code)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, None),
        Reply(200, {}),
        Reply(200, BILL | {"billNumber": "1234567801"}),
        Reply(200, BILL | {"period": "2026-05"}),
        Reply(200, BILL | {"currency": "EUR"}),
        Reply(200, BILL | {"amountDue": "1250.001"}),
        Reply(200, BILL | {"amountDue": "0.00"}),
        Reply(200, BILL | {"amountDue": 1250}),
        Reply(200, BILL | {"dueDate": "soon"}),
        Reply(200, BILL | {"state": "PERHAPS"}),
        Reply(404, None),
        Reply(404, {"error": "NO_SUCH_PAGE"}),
        Reply(500, {"error": "BILL_NOT_FOUND"}),
        Reply(429, {}),
        Reply(401, {"error": "UNAUTHORIZED"}),
        Reply(302, None),
    ],
)
def test_an_answer_that_is_not_about_the_bill_is_no_answer(reply: Reply) -> None:
    with pytest.raises(BillerUnavailable):
        mapping.bill(reply, REF, "BDT")


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (Reply(202, PAID | {"state": "PENDING"}), OutcomeKind.PENDING, None),
        (
            Reply(422, {"error": "DECLINED", "reason": "LIMIT_EXCEEDED"}),
            OutcomeKind.DECLINED,
            Code.LIMIT_EXCEEDED,
        ),
        (
            Reply(422, {"error": "DECLINED", "reason": "MERCURY_RETROGRADE"}),
            OutcomeKind.DECLINED,
            Code.BILLER_DECLINED,
        ),
        (Reply(422, {"error": "DECLINED"}), OutcomeKind.DECLINED, Code.BILLER_DECLINED),
        (Reply(422, {"error": "AMOUNT_DIFFERS"}), OutcomeKind.DECLINED, Code.AMOUNT_DIFFERS),
        (Reply(404, {"error": "BILL_NOT_FOUND"}), OutcomeKind.DECLINED, Code.BILL_NOT_FOUND),
        (Reply(409, {"error": "HELD"}), OutcomeKind.DECLINED, Code.BILL_LOCKED),
        (Reply(400, {"error": "INVALID"}), OutcomeKind.DECLINED, Code.BILLER_DECLINED),
        (Reply(401, None), OutcomeKind.NOT_SENT, None),
        (Reply(403, {"error": "FORBIDDEN"}), OutcomeKind.NOT_SENT, None),
        (Reply(404, {"error": "BILLER_NOT_FOUND"}), OutcomeKind.NOT_SENT, None),
        (Reply(429, None, 7.0), OutcomeKind.NOT_SENT, None),
        (Reply(422, {"error": "KEY_REUSED"}), OutcomeKind.UNKNOWN, None),
        (Reply(404, None), OutcomeKind.UNKNOWN, None),
        (Reply(400, None), OutcomeKind.UNKNOWN, None),
        (Reply(408, {"error": "TIMEOUT"}), OutcomeKind.UNKNOWN, None),
        (Reply(301, None), OutcomeKind.UNKNOWN, None),
        (Reply(500, {"error": "DECLINED"}), OutcomeKind.UNKNOWN, None),
        (Reply(503, None, 5.0), OutcomeKind.UNKNOWN, None),
        (Reply(201, None), OutcomeKind.UNKNOWN, None),
        (Reply(201, {}), OutcomeKind.UNKNOWN, None),
        (Reply(201, PAID | {"reference": "TXN-another"}), OutcomeKind.UNKNOWN, None),
        (Reply(201, PAID | {"amount": "1.00"}), OutcomeKind.UNKNOWN, None),
        (Reply(201, PAID | {"currency": "EUR"}), OutcomeKind.UNKNOWN, None),
        (Reply(201, PAID | {"receipt": ""}), OutcomeKind.UNKNOWN, None),
        (Reply(201, PAID | {"paidAt": "yesterday"}), OutcomeKind.UNKNOWN, None),
        (Reply(201, PAID | {"paidAt": "2026-04-30T08:21:16"}), OutcomeKind.UNKNOWN, None),
        (Reply(201, PAID | {"state": "PERHAPS"}), OutcomeKind.UNKNOWN, None),
    ],
)
def test_an_answer_to_a_payment_means(reply: Reply, kind: OutcomeKind, code: Code | None) -> None:
    outcome = mapping.payment(reply, PAYMENT)

    assert outcome is not None
    assert (outcome.kind, outcome.code) == (kind, code)
    assert outcome.retry_after_s == (7.0 if reply.status == 429 else None)


@pytest.mark.parametrize("status", [200, 201])
def test_a_paid_answer_is_accepted_with_its_receipt_and_time(status: int) -> None:
    assert mapping.payment(Reply(status, PAID), PAYMENT) == ACCEPTED
    assert mapping.inquiry(Reply(200, PAID), PAYMENT, settled=False) == ACCEPTED


@pytest.mark.parametrize(
    ("reply", "settled", "kind"),
    [
        (Reply(404, {"error": "PAYMENT_NOT_FOUND"}), True, OutcomeKind.NOT_SENT),
        (Reply(404, {"error": "PAYMENT_NOT_FOUND"}), False, OutcomeKind.UNKNOWN),
        (Reply(404, {"error": "BILLER_NOT_FOUND"}), True, OutcomeKind.UNKNOWN),
        (Reply(404, None), True, OutcomeKind.UNKNOWN),
        (Reply(500, None), True, OutcomeKind.UNKNOWN),
        (Reply(200, PAID | {"state": "DECLINED", "reason": "X"}), True, OutcomeKind.DECLINED),
        (Reply(200, PAID | {"state": "PENDING"}), True, OutcomeKind.PENDING),
        (Reply(200, PAID | {"reference": "TXN-another"}), True, OutcomeKind.UNKNOWN),
    ],
)
def test_an_answer_to_an_inquiry_means(reply: Reply, settled: bool, kind: OutcomeKind) -> None:
    assert mapping.inquiry(reply, PAYMENT, settled=settled).kind is kind


Answering = Callable[[httpx2.Request], Coroutine[None, None, httpx2.Response]]


def biller_that(
    answers: Answering, *, accepts_new: bool = True, patience_s: float = 60
) -> HttpBiller:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answers))
    timeouts = Timeouts(quick_s=patience_s, money_s=patience_s)
    client = Client(http, base_url="http://biller", biller_id="DESCO", timeouts=timeouts)
    return HttpBiller(client, currency="BDT", accepts_new=accepts_new, now=lambda: SENT_BY)


def raising(error: Exception) -> Answering:
    async def answer(_: httpx2.Request) -> httpx2.Response:
        raise error

    return answer


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx2.ConnectError("refused"), OutcomeKind.NOT_SENT),
        (httpx2.ConnectTimeout("slow"), OutcomeKind.NOT_SENT),
        (httpx2.PoolTimeout("busy"), OutcomeKind.NOT_SENT),
        (httpx2.ReadTimeout("silent"), OutcomeKind.UNKNOWN),
        (httpx2.WriteTimeout("stuck"), OutcomeKind.UNKNOWN),
        (httpx2.ReadError("reset"), OutcomeKind.UNKNOWN),
        (httpx2.WriteError("reset"), OutcomeKind.UNKNOWN),
        (httpx2.RemoteProtocolError("closed"), OutcomeKind.UNKNOWN),
    ],
)
async def test_only_what_surely_never_left_is_not_sent(error: Exception, kind: OutcomeKind) -> None:
    outcome = await biller_that(raising(error)).pay(PAYMENT)

    assert outcome.kind is kind
    asked = await biller_that(raising(error)).confirm(PAYMENT, sent_by=SENT_BY)
    assert asked.kind is OutcomeKind.UNKNOWN


async def test_an_answer_that_never_ends_is_cut_off_and_unknown() -> None:
    async def answer(_: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError("nobody waits that long")

    biller = biller_that(answer, patience_s=0.1)
    assert (await biller.pay(PAYMENT)).kind is OutcomeKind.UNKNOWN


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    async def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(201, content=b" " * 100_000)

    assert (await biller_that(answer).pay(PAYMENT)).kind is OutcomeKind.UNKNOWN


async def test_a_payment_carries_its_key_and_exactly_what_was_locked() -> None:
    seen: list[httpx2.Request] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(201, json=PAID)

    await biller_that(answer).pay(PAYMENT)

    assert seen[0].headers["idempotency-key"] == PAYMENT.transaction_id
    assert str(seen[0].url) == "http://biller/billers/DESCO/payments"
    assert httpx2.Response(200, content=seen[0].content).json() == {
        "reference": PAYMENT.transaction_id,
        "billNumber": "1234567800",
        "period": "2026-04",
        "amount": "1250.00",
        "currency": "BDT",
        "holdId": PAYMENT.lock_id,
    }


def already_paid_then(answer: httpx2.Response) -> Answering:
    async def answers(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(409, json={"error": "ALREADY_PAID"})
        return answer

    return answers


@pytest.mark.parametrize(
    ("then", "locked_before", "kind"),
    [
        (httpx2.Response(200, json=PAID), timedelta(), OutcomeKind.ACCEPTED),
        (
            httpx2.Response(404, json={"error": "PAYMENT_NOT_FOUND"}),
            timedelta(minutes=1),
            OutcomeKind.DECLINED,
        ),
        (
            httpx2.Response(404, json={"error": "PAYMENT_NOT_FOUND"}),
            timedelta(),
            OutcomeKind.UNKNOWN,
        ),
        (httpx2.Response(500), timedelta(minutes=1), OutcomeKind.UNKNOWN),
    ],
)
async def test_a_bill_that_is_paid_already_was_perhaps_paid_by_us(
    then: httpx2.Response, locked_before: timedelta, kind: OutcomeKind
) -> None:
    payment = replace(PAYMENT, locked_at=SENT_BY - locked_before)

    outcome = await biller_that(already_paid_then(then)).pay(payment)

    assert outcome.kind is kind


async def test_a_suspended_biller_begins_nothing_new_and_ends_what_began() -> None:
    async def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(201, json=PAID)

    biller = biller_that(answer, accepts_new=False)

    assert await biller.lookup(REF) == Refused(Code.BILLER_UNKNOWN)
    assert await biller.hold(REF, hold_id="hold") == Refused(Code.BILLER_UNKNOWN)
    assert await biller.pay(PAYMENT) == ACCEPTED
