"""What is another's does not exist, what belongs together stays together, and no field too many.

Rows O1 to O5 of the catalogue of bad input.
"""

import pytest

from tests.api.conftest import Untouched
from tests.api.forge import Forge
from tests.api.held import HeldLocks
from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient, TestBill, new_id


def told(answer: Answer) -> tuple[object, ...]:
    """Everything of a refusal that its reader could tell two of them apart by."""
    return answer.http_status, answer.status, answer.code, answer.message, answer.data


async def test_anothers_lock_token_is_as_unknown_as_a_made_up_one(
    partner: PartnerClient, other_partner: PartnerClient
) -> None:
    token = await partner.locked(TestBill())
    made_up = token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8)

    theirs = await other_partner.pay(token, new_id())
    nobodys = await other_partner.pay(made_up, new_id())

    assert told(theirs) == told(nobodys)
    assert (theirs.http_status, theirs.code) == (404, "P1103")


async def test_anothers_lock_is_neither_paid_nor_given_back(
    partner: PartnerClient, other_partner: PartnerClient, evidence: Evidence
) -> None:
    bill, transaction = TestBill(), new_id()
    token = await partner.locked(bill)

    assert (await other_partner.pay(token, transaction)).code == "P1103"
    released = await other_partner.unlock(token)

    assert released.code == "P1103"
    await evidence.nothing_moved(bill)
    assert (await partner.pay(token, transaction)).code == "P0000"


async def test_anothers_transaction_is_as_unknown_as_one_that_never_was(
    partner: PartnerClient, other_partner: PartnerClient
) -> None:
    mine = new_id()
    paid = await partner.pay(await partner.locked(TestBill()), mine)
    ours = paid.data["transactionId"]

    answers = [await other_partner.status(each) for each in (mine, ours, new_id())]

    assert [answer.code for answer in answers] == ["P1201"] * 3
    assert len({str(told(answer)) for answer in answers}) == 1
    assert (await partner.status(mine)).data == (await partner.status(ours)).data


async def test_two_partners_may_use_the_same_transaction_id(
    partner: PartnerClient, other_partner: PartnerClient
) -> None:
    transaction = new_id()
    mine = await partner.pay(await partner.locked(TestBill()), transaction)
    theirs = await other_partner.pay(await other_partner.locked(TestBill()), transaction)

    assert (mine.code, theirs.code) == ("P0000", "P0000")
    assert mine.data["transactionId"] != theirs.data["transactionId"]
    assert (await partner.status(transaction)).data["billNumber"] == mine.data["billNumber"]


CUTS = {
    "first letter": lambda token: ("B" if token[0] == "A" else "A") + token[1:],
    "middle letter": lambda token: token[:60] + ("B" if token[60] == "A" else "A") + token[61:],
    "last letters": lambda token: token[:-2] + ("BB" if token[-2:] == "AA" else "AA"),
    "cut short": lambda token: token[:-4],
    "longer": lambda token: token + "AAAA",
    "twice": lambda token: token + token,
    "halves exchanged": lambda token: token[48:] + token[:48],
    "all A": lambda token: "A" * len(token),
    "an access token's middle": None,
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("verb", ["pay", "unlock"])
async def test_a_lock_token_is_whole_or_nothing(
    partner: PartnerClient, held: HeldLocks, forge: Forge, verb: str, cut: object
) -> None:
    lock = await held.of("DESCO")
    bad = cut(lock.token) if callable(cut) else forge.parts[1][:400]

    if verb == "pay":
        answer = await partner.pay(bad, lock.transaction)
    else:
        answer = await partner.unlock(bad)

    assert (answer.http_status, answer.code) == (404, "P1103")
    await held.unmoved(lock)


async def test_a_lock_token_pays_its_own_bill_whatever_else_is_said(
    partner: PartnerClient, evidence: Evidence
) -> None:
    """There is no field in which to name another bill: it is refused, and so is nothing paid."""
    mine, another = TestBill(), TestBill()
    token = await partner.locked(mine)

    answer = await partner.pay(token, new_id(), **another.told)

    assert (answer.code, answer.data["field"]) == ("P5002", "billerId")
    await evidence.nothing_moved(mine)
    await evidence.nothing_moved(another)


MASS = ["status", "partnerId", "amountCaptured", "ledgerAccount", "createdAt", "__class__", "fee"]
MASS += ["state", "transactionId ", "locktoken", "lock_token", "amount\u0000", "__proto__", "é", ""]


@pytest.mark.parametrize("field", MASS)
async def test_a_field_too_many_is_refused_by_name(
    partner: PartnerClient, untouched: Untouched, field: str
) -> None:
    bill = TestBill()

    answer = await partner.post("/bill/lock", bill.told | {field: "1"})

    assert (answer.http_status, answer.code) == (400, "P5002")
    assert answer.data["field"] == field
    await untouched(bill)


@pytest.mark.parametrize("field", MASS)
async def test_a_payment_with_a_field_too_many_is_not_made(
    partner: PartnerClient, held: HeldLocks, field: str
) -> None:
    lock = await held.of("DESCO")

    answer = await partner.pay(lock.token, lock.transaction, **{field: "PAID"})

    assert (answer.http_status, answer.code, answer.data["field"]) == (400, "P5002", field)
    await held.unmoved(lock)


FOREIGN = ["/docs", "/redoc", "/openapi.json", "/metrics", "/admin", "/debug", "/operator", "/"]
FOREIGN += [
    "/namespaces/default/workflows",
    "/api/v1/namespaces",
    "/control/billers/DESCO",
    "/.env",
]
FOREIGN += [
    "/v1",
    "/v1/",
    "/v2/bill/lock",
    "/v1/v1/bill/lock",
    "/bill",
    "/bill/lock/",
    "/BILL/LOCK",
]
FOREIGN += ["/bill//lock", "/bill/lock%00", "/bill/lock;x=1", "/bill/l%C3%B6ck", "/static/app.js"]
FOREIGN += ["/v1/.well-known/jwks.json", "/.well-known/openid-configuration", "/codes", "/docs/"]


@pytest.mark.parametrize("path", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_route_that_is_not_the_partners_does_not_exist(
    partner: PartnerClient, method: str, path: str
) -> None:
    headers = await partner.authorised()

    answer = await partner.ask(method, path, headers=headers)

    assert (answer.http_status, answer.code, answer.data) == (404, "P5004", None)
