"""Text that tries to be more than text: stored as it is written, or refused, and never obeyed.

Rows X1, X2, X3 and X8 of the catalogue of bad input.
"""

import json

import pytest

from tests.api.conftest import Untouched
from tests.api.held import HeldLocks
from tests.evidence import Evidence
from tests.running_gateway import PartnerClient, RunningGateway, TestBill, new_id

TRICKS = {
    "SQL": "'; DROP TABLE transaction;--",
    "a parameter": "$1",
    "a format": "%s%n%x",
    "a template": "{{7*7}}",
    "a look-up": "${jndi:ldap://127.0.0.1:9/x}",
    "an attribute": "{0.__class__}",
    "markup": "<script>alert(1)</script>",
    "a path": "../../etc/passwd",
    "a slash": "a/b",
    "a space": "a b",
    "CR LF": "a\r\nSet-Cookie: a=b",
    "a log line": 'a\n{"level":"info","event":"money.sent"}',
    "an escape": "\x1b[2J\x1b[31m",
    "a line separator": "a\u2028b",
    "right to left": "a\u202eb",
    "nothing to see": "a\u200bb",
    "a NUL": "a\x00b",
    "an emoji": "👩‍👩‍👧",
    "a letter of another alphabet": "ОRDER",
    "a combining accent": "e\u0301",
    "a number in full width": "４１１１１１１１１１１１１１１２",
    "1,001 characters": "a" * 1001,
    "empty": "",
}
COLON = {"a colon": "DESCO:1234567800:2026-04"}
LOCK_FIELDS = ("billerId", "billNumber", "billingPeriod")
KEPT = ["ORDER.1", "a:b-c_d", "4" * 64, "null", "None", "true", "0", "DROP-TABLE", "CON", "x" * 64]


@pytest.mark.parametrize("trick", (TRICKS | COLON).values(), ids=TRICKS | COLON)
@pytest.mark.parametrize("field", LOCK_FIELDS)
async def test_a_trick_in_a_bill_is_refused_by_name(
    partner: PartnerClient, untouched: Untouched, field: str, trick: str
) -> None:
    bill = TestBill()

    answer = await partner.post("/bill/lock", bill.told | {field: trick})

    assert (answer.http_status, answer.code, answer.data["field"]) == (422, "P5003", field)
    await untouched(bill)


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
async def test_a_trick_in_a_query_is_refused_by_name(partner: PartnerClient, trick: str) -> None:
    answer = await partner.get("/bill/lookup", **(TestBill().told | {"billNumber": trick}))

    assert (answer.http_status, answer.code, answer.data["field"]) == (422, "P5003", "billNumber")


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
async def test_a_trick_in_a_transaction_id_pays_nothing(
    partner: PartnerClient, held: HeldLocks, trick: str
) -> None:
    lock = await held.of()

    answer = await partner.pay(lock.token, trick)

    assert (answer.http_status, answer.code) == (422, "P5003")
    assert answer.data["field"] == "transactionId"
    await held.unmoved(lock)
    assert (await partner.status(trick)).code == "P5003"


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
async def test_a_trick_for_a_lock_token_opens_nothing(partner: PartnerClient, trick: str) -> None:
    answer = await partner.pay(trick, new_id())

    assert answer.code in ("P5003", "P1103")


@pytest.mark.parametrize("name", KEPT)
async def test_what_is_allowed_is_kept_as_it_is_written(partner: PartnerClient, name: str) -> None:
    transaction = f"{new_id('X')}:{name}"[-64:].lstrip("-:._")
    paid = await partner.pay(await partner.locked(TestBill()), transaction)

    assert (paid.code, paid.data["partnerTransactionId"]) == ("P0000", transaction)
    assert (await partner.status(transaction)).data == paid.data


@pytest.mark.parametrize("name", ["a" * 65, "-a", ".a", ":a", "_a", "a/b", "a%2Fb", "a,b"])
async def test_a_transaction_id_has_its_limits(partner: PartnerClient, name: str) -> None:
    answer = await partner.status(name)

    assert (answer.http_status, answer.code) == (422, "P5003")


NUMBERS = {
    "a biller's longest name": {"billerId": "A" * 21},
    "a biller in small letters": {"billerId": "desco"},
    "a biller that begins with a digit": {"billerId": "1DESCO"},
    "a bill number of 33": {"billNumber": "1" * 33},
    "an underscore": {"billNumber": "12345_7800"},
}


@pytest.mark.parametrize("changes", NUMBERS.values(), ids=NUMBERS)
async def test_names_of_billers_and_bills_have_their_limits(
    partner: PartnerClient, untouched: Untouched, changes: dict[str, str]
) -> None:
    bill = TestBill()

    answer = await partner.post("/bill/lock", bill.told | changes)

    assert (answer.code, answer.data["field"]) == ("P5003", next(iter(changes)))
    await untouched(bill)


async def test_a_trick_in_a_header_stays_one_line_of_the_log(
    gateway: RunningGateway, partner: PartnerClient
) -> None:
    headers = {"User-Agent": "\x1b[2J{{7*7}} ${jndi:ldap://x}".replace("\x1b", "?")}

    answer = await partner.get("/bill/lookup", headers, **TestBill().told)

    lines = [line for line in gateway.log("api").splitlines() if answer.trace in line]
    assert answer.code == "P0000"
    assert len(lines) == 1
    assert json.loads(lines[0])["trace"] == answer.trace


async def test_what_is_refused_is_repeated_in_printable_letters_and_not_for_ever(
    partner: PartnerClient,
) -> None:
    name = "é\n" * 3000

    answer = await partner.post("/bill/lock", TestBill().told | {name: "x"})

    assert answer.code == "P5002"
    assert len(answer.data["field"]) <= 200


async def test_a_card_number_never_reaches_the_log_or_a_table(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> None:
    """Wherever it is put in a request, it stays outside."""
    pan = "4111 1111 1111 1111"
    await partner.pay(await partner.locked(TestBill()), pan)
    await partner.status(pan)
    await partner.post("/bill/lock", TestBill().told | {"note": pan})
    await partner.get("/bill/lookup", {"User-Agent": pan}, **TestBill().told)
    await partner.ask("POST", "/auth/token", json=partner.key.token_request(apiKey=pan))
    await partner.ask("GET", f"/cards/{pan}", headers={"X-Card": pan})

    assert pan not in gateway.log("api") + gateway.log("worker")
    for table in ("request_log", "transaction", "idempotency", "provider_call"):
        rows = await evidence.rows(f"SELECT t::text AS row FROM {table} t")
        assert not [row for row in rows if pan in row["row"]]
