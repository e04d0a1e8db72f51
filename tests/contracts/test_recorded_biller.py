"""Every call to a biller leaves one row: what was asked, how it ended, and nobody's name."""

import asyncio
from typing import Any

import httpx2
import pytest

from payments.adapters.billers.http.biller import HttpBiller
from payments.adapters.billers.http.client import Client
from payments.adapters.billers.recorded import RecordedBiller
from payments.domain.bill import Bill
from payments.domain.outcome import OutcomeKind
from payments.outside.wire import Timeouts
from payments.ports.biller import BillerUnavailable
from payments.ports.journal import CallRow
from tests.contracts.factories import make_bill, make_payment
from tests.fakes.billers import FakeBiller, Paying
from tests.fakes.journal import FakeCallLog

PAYMENT = make_payment()


def over_http(answer: Any, calls: FakeCallLog) -> RecordedBiller:
    """The real adapter over a wire that answers this, or raises it."""

    async def wire(_: httpx2.Request) -> httpx2.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx2.Response) else httpx2.Response(200, json=answer)

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(wire))
    client = Client(http, base_url="http://b", biller_id="DESCO", timeouts=Timeouts())
    return RecordedBiller("DESCO", HttpBiller(client, currency="BDT"), calls)


async def row_after(answer: Any, *, operation: str = "pay") -> CallRow:
    calls = FakeCallLog()
    biller = over_http(answer, calls)
    if operation == "pay":
        await biller.pay(PAYMENT)
    else:
        with pytest.raises(BillerUnavailable):
            await biller.lookup(PAYMENT.bill)
    (row,) = calls.rows
    return row


async def test_a_payment_leaves_its_reference_its_end_and_the_raw_answer() -> None:
    body = {
        "reference": PAYMENT.transaction_id,
        "receipt": "DESCO-1",
        "paidAt": "2026-04-30T08:21:16Z",
        "state": "PAID",
    }

    row = await row_after(body)

    assert (row.provider, row.operation, row.reference) == ("DESCO", "pay", PAYMENT.transaction_id)
    assert (row.phase, row.outcome) == ("answered", "accepted")
    assert row.raw == {"status": 200, "body": body}
    assert row.latency_us > 0


async def test_a_decline_is_recorded_with_its_reason() -> None:
    row = await row_after(httpx2.Response(422, json={"error": "DECLINED", "reason": "X"}))

    assert row.outcome == "declined biller_declined"


@pytest.mark.parametrize(
    ("error", "phase", "outcome"),
    [
        (httpx2.ConnectError("refused"), "not_sent", "not_sent"),
        (httpx2.ReadError("reset"), "sent_unknown", "unknown"),
    ],
)
async def test_a_row_says_whether_the_request_can_have_left_us(
    error: Exception, phase: str, outcome: str
) -> None:
    row = await row_after(error)

    assert (row.phase, row.outcome) == (phase, outcome)
    assert row.raw == {"fault": type(error).__name__}


async def test_a_failed_look_up_is_recorded_too() -> None:
    row = await row_after(httpx2.Response(500, text="oops"), operation="lookup")

    assert (row.phase, row.outcome) == ("answered", "unavailable")
    assert row.raw == {"status": 500, "body": "oops"}


@pytest.mark.parametrize(
    "text",
    [
        '{"customerName":"Rahima Khatun","billNumber":"1"}',
        '{"bill":{"customerName":"Rahima Khatun"}}',
        '{"customerName": "Rahima Khatun", "billNum',
        '{"customerName":"Rahima Khat',
    ],
)
async def test_a_customers_name_is_never_kept(text: str) -> None:
    row = await row_after(httpx2.Response(200, text=text), operation="lookup")

    assert "Rahima" not in str(row.raw)


async def test_a_call_log_that_is_down_loses_a_row_and_not_an_outcome() -> None:
    calls = FakeCallLog(unavailable=True)
    biller = RecordedBiller("DESCO", FakeBiller(), calls)

    assert (await biller.pay(PAYMENT)).kind is OutcomeKind.ACCEPTED
    assert isinstance(await biller.lookup(make_bill()), Bill)


async def test_an_abandoned_call_is_recorded_as_such() -> None:
    calls, fake = FakeCallLog(), FakeBiller(gate=asyncio.Event())
    paying = asyncio.create_task(RecordedBiller("DESCO", fake, calls).pay(PAYMENT))
    while not fake.effects:  # noqa: ASYNC110 (the effect is all there is to wait on)
        await asyncio.sleep(0)

    paying.cancel()
    await asyncio.gather(paying, return_exceptions=True)

    assert [row.outcome for row in calls.rows] == ["abandoned"]


async def test_a_call_that_breaks_our_adapter_is_recorded_and_still_breaks() -> None:
    calls, fake = FakeCallLog(), FakeBiller()
    fake.script.append(Paying.BREAK)

    with pytest.raises(KeyError):
        await RecordedBiller("DESCO", fake, calls).pay(PAYMENT)

    assert [row.outcome for row in calls.rows] == ["broken"]
