"""Look up, lock, pay, give back, ask: what partners are told of a bill that behaves."""

import re
from datetime import UTC, datetime

import pytest

from tests.api.beside import LOOKUP_CACHE_S, ApiBeside
from tests.api.office import Office
from tests.evidence import Evidence
from tests.running_gateway import PartnerClient, RunningGateway, TestBill, new_id

PREFIXES = ["", "/v1"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def test_a_bill_is_looked_up_with_its_payers_name_masked(partner: PartnerClient) -> None:
    bill = TestBill()

    answer = await partner.get("/bill/lookup", **bill.told)

    assert (answer.http_status, answer.status, answer.code) == (200, "OK", "P0000")
    assert answer.data.keys() == {
        *("billerId", "billNumber", "billingPeriod", "amount", "currency", "dueDate"),
        *("customerName", "state"),
    }
    assert {name: answer.data[name] for name in bill.told} == bill.told
    assert (answer.data["currency"], answer.data["state"]) == ("BDT", "PAYABLE")
    assert re.fullmatch(r"\w\*{5}( \w\*{5})*", answer.data["customerName"])
    datetime.strptime(answer.data["dueDate"], "%Y-%m-%d").replace(tzinfo=UTC)


async def test_a_lock_holds_a_bill_for_five_minutes(partner: PartnerClient) -> None:
    bill = TestBill()
    looked_up = (await partner.get("/bill/lookup", **bill.told)).data

    answer = await partner.lock(bill)

    assert (answer.http_status, answer.status, answer.code) == (200, "OK", "P0000")
    assert answer.data.keys() == {
        *("lockToken", "billerId", "billNumber", "billingPeriod", "amount", "fee", "currency"),
        *("lockedAt", "expiresAt"),
    }
    assert answer.data | looked_up | {"state": None} == answer.data | looked_up | {"state": None}
    assert answer.data["amount"] == looked_up["amount"]
    locked_at, expires_at = (answer.data[name] for name in ("lockedAt", "expiresAt"))
    assert TIME.fullmatch(locked_at)
    assert TIME.fullmatch(expires_at)
    held = datetime.fromisoformat(expires_at) - datetime.fromisoformat(locked_at)
    assert held.total_seconds() == 300


async def test_a_locked_bill_is_paid_once_and_told_everywhere_the_same(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, transaction = TestBill(), new_id()
    locked = (await partner.lock(bill)).data

    paid = await partner.pay(locked["lockToken"], transaction, amount=locked["amount"])

    assert (paid.http_status, paid.status, paid.code) == (200, "OK", "P0000")
    agreed = {
        name: value for name, value in locked.items() if name not in ("lockToken", "expiresAt")
    }
    assert paid.data | agreed == paid.data
    assert re.fullmatch(r"TXN-\d{4}-\d\d-[0-9A-HJKMNP-TV-Z]{16}", paid.data["transactionId"])
    assert paid.data["partnerTransactionId"] == transaction
    assert paid.data["state"] == "PAID"
    assert (paid.data["declineCode"], paid.data["reason"]) == (None, None)
    assert TIME.fullmatch(paid.data["paidAt"])
    status = await evidence.paid_once(partner, bill, transaction)
    assert status.data == paid.data


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_every_act_answers_with_and_without_the_prefix(
    partner: PartnerClient, prefix: str
) -> None:
    bill, given_back, transaction = TestBill(), TestBill(), new_id()

    found = await partner.get(f"{prefix}/bill/lookup", **bill.told)
    locked = await partner.post(f"{prefix}/bill/lock", bill.told)
    body = {"lockToken": locked.data["lockToken"], "transactionId": transaction}
    paid = await partner.post(f"{prefix}/bill/pay", body)
    status = await partner.get(f"{prefix}/txn/status", transactionId=transaction)
    token = await partner.locked(given_back)
    released = await partner.post(f"{prefix}/bill/unlock", {"lockToken": token})

    answers = (found, locked, paid, status, released)
    assert [answer.code for answer in answers] == ["P0000"] * 5


async def test_a_lock_that_is_given_back_frees_the_bill_and_its_token_is_nothing(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill = TestBill()
    token = await partner.locked(bill)

    released = await partner.unlock(token)

    assert (released.http_status, released.code) == (200, "P0000")
    assert released.data == bill.told | {"state": "RELEASED"}
    assert (await partner.pay(token, new_id())).code == "P1103"
    assert await evidence.end_of_lock(bill) == "RELEASED"
    assert (await partner.lock(bill)).code == "P0000"


async def test_a_look_up_tells_locked_and_paid_apart(partner: PartnerClient) -> None:
    bill = TestBill()
    states = [(await partner.get("/bill/lookup", **bill.told)).data["state"]]
    token = await partner.locked(bill)
    states.append((await partner.get("/bill/lookup", **bill.told)).data["state"])
    await partner.pay(token, new_id())
    states.append((await partner.get("/bill/lookup", **bill.told)).data["state"])

    assert states == ["PAYABLE", "LOCKED", "PAID"]


async def test_a_look_up_is_remembered_for_a_few_seconds_and_says_so(
    partner: PartnerClient, partner_beside: PartnerClient, evidence: Evidence
) -> None:
    """The process beside remembers it for longer than the two questions are apart."""
    bill = TestBill()
    told = await partner.get("/bill/lookup", **bill.told)
    first = await partner_beside.get("/bill/lookup", **bill.told)
    second = await partner_beside.get("/bill/lookup", **bill.told)

    assert told.data == first.data == second.data
    assert told.headers["cache-control"] == "private, max-age=5"
    assert first.headers["cache-control"] == f"private, max-age={LOOKUP_CACHE_S}"
    rows = [
        (await evidence.rows("SELECT downstream FROM request_log WHERE trace = $1", each.trace))[0]
        for each in (first, second)
    ]
    sources = [re.findall(r'"biller.lookup": {[^}]*"source": "(\w+)"', str(row)) for row in rows]
    assert sources == [["origin"], ["cache"]]


async def test_one_partners_look_up_serves_another(
    partner_beside: PartnerClient, office: Office, beside: ApiBeside, gateway: RunningGateway
) -> None:
    bill, other = TestBill(), office.client(gateway.partner(1), api=beside.url)
    first = await partner_beside.get("/bill/lookup", **bill.told)
    gateway.sandbox(
        "POST",
        f"/control/billers/DESCO/bills/{bill.number}/pay-elsewhere",
        {"period": bill.billing_period},
    )

    assert (await other.get("/bill/lookup", **bill.told)).data == first.data


@pytest.mark.parametrize("told", ["{}", "W/{}", '"other", {}', "*", '"x"  ,  {},"y"'])
async def test_who_knows_the_answer_is_told_that_nothing_changed(
    partner: PartnerClient, told: str
) -> None:
    bill = TestBill()
    first = await partner.get("/bill/lookup", **bill.told)
    known = {"If-None-Match": told.format(first.headers["etag"])}

    again = await partner.get("/bill/lookup", known, **bill.told)

    assert (again.http_status, again.content) == (304, b"")
    for name in ("etag", "cache-control"):
        assert again.headers[name] == first.headers[name]
    assert '"etag"' in again.headers["signature-input"]
    assert '"content-type"' not in again.headers["signature-input"]


async def test_who_knows_an_older_answer_is_told_the_new_one(partner: PartnerClient) -> None:
    bill = TestBill()
    first = await partner.get("/bill/lookup", **bill.told)
    await partner.locked(bill)
    known = {"If-None-Match": first.headers["etag"]}

    again = await partner.get("/bill/lookup", known, **bill.told)

    assert (again.http_status, again.data["state"]) == (200, "LOCKED")


MISSING_OR_MORE = {
    "billerId missing": ({"billerId": None}, "P5002", "billerId"),
    "billNumber missing": ({"billNumber": None}, "P5002", "billNumber"),
    "a parameter too many": ({"debug": "1"}, "P5002", "debug"),
    "a snake": ({"bill_number": "1"}, "P5002", "bill_number"),
    "empty": ({"billNumber": ""}, "P5003", "billNumber"),
}


@pytest.mark.parametrize(
    ("changes", "code", "field"), MISSING_OR_MORE.values(), ids=MISSING_OR_MORE
)
async def test_a_query_has_all_its_parameters_and_no_others(
    partner: PartnerClient, changes: dict[str, str | None], code: str, field: str
) -> None:
    query = {n: v for n, v in (TestBill().told | changes).items() if v is not None}

    answer = await partner.get("/bill/lookup", **query)

    assert (answer.code, answer.data["field"]) == (code, field)


async def test_a_parameter_told_twice_is_refused_by_name(partner: PartnerClient) -> None:
    bill = TestBill()
    query = [*bill.told.items(), ("billNumber", TestBill().number)]

    answer = await partner.ask(
        "GET", "/bill/lookup", params=query, headers=await partner.authorised()
    )

    assert (answer.code, answer.data["field"]) == ("P5002", "billNumber")


async def test_a_query_on_a_post_is_refused(partner: PartnerClient) -> None:
    answer = await partner.post("/bill/lock?dryRun=true", TestBill().told)

    assert (answer.http_status, answer.code, answer.data["field"]) == (400, "P5002", "dryRun")
