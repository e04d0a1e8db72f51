"""Events from providers: rows W1 to W8 of the catalogue, L5, and what each one changes."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.api.shop import CHALLENGE, Acquirer, Shop
from tests.evidence import Evidence
from tests.patience import persistently
from tests.running_gateway import Answer, new_id

STATES = "SELECT state, note FROM inbound_event WHERE provider = $1 AND event_id = $2"
ROWS = "SELECT endpoint, http_status, code FROM request_log WHERE trace = $1"
POSTINGS = "SELECT count(*) AS many FROM ledger_transaction WHERE subject = $1"
OTHER_SECRET = "whsec_" + "QUFB" * 8


def named(raw: bytes) -> str:
    return str(json.loads(raw)["id"])


async def stored(evidence: Evidence, acquirer: Acquirer, raw: bytes) -> list[str]:
    rows = await evidence.rows(STATES, acquirer.name, named(raw))
    return [row["state"] for row in rows]


async def postings(evidence: Evidence, payment: dict[str, Any]) -> int:
    return int((await evidence.rows(POSTINGS, payment["id"]))[0]["many"])


async def test_what_the_record_already_says_is_applied_and_changes_nothing(
    shop: Shop, acquirer: Acquirer, evidence: Evidence
) -> None:
    payment = await shop.paid()
    before = await shop.show(payment), await postings(evidence, payment)
    raw = acquirer.event(payment)

    answer = await acquirer.send(shop.partner, raw)

    assert (answer.http_status, answer.code) == (200, "P0000")
    assert answer.data == {"eventId": named(raw), "state": "applied"}
    assert await stored(evidence, acquirer, raw) == ["applied"]
    assert (await shop.show(payment), await postings(evidence, payment)) == before
    (row,) = await evidence.rows(ROWS, answer.trace)
    assert row["endpoint"] == "POST /providers/{provider_id}/webhooks"


async def test_a_hundred_copies_have_one_effect(
    shop: Shop, acquirer: Acquirer, evidence: Evidence
) -> None:
    """Row W3; the same id with a new timestamp is the same event, too."""
    acquirer.tell(webhooks=False)
    payment = (await shop.pay(CHALLENGE)).data
    await shop.decide(payment, "approve")
    raw = acquirer.event(payment)

    async def told() -> Answer:
        """As the acquirer does: what nobody heard is sent again."""
        return await persistently(lambda: acquirer.send(shop.partner, raw))

    answers = await asyncio.gather(*(told() for _ in range(99)))
    again = acquirer.signed(raw, ago=timedelta(seconds=30))
    answers.append(await acquirer.send(shop.partner, raw, again))

    assert {answer.code for answer in answers} == {"P0000"}
    assert (await shop.show(payment))["amountCaptured"] == "10.00"
    assert await stored(evidence, acquirer, raw) == ["applied"]
    assert await postings(evidence, payment) == await postings(evidence, await shop.paid())


def _forgeries(acquirer: Acquirer, raw: bytes) -> dict[str, dict[str, str]]:
    good = acquirer.signed(raw)
    signature = good["webhook-signature"]
    other = Acquirer(acquirer._gateway, "SOUTH").secret
    return {
        "another secret": acquirer.signed(raw, secret=OTHER_SECRET),
        "another endpoint's secret": acquirer.signed(raw, secret=other),
        "unsigned": {n: v for n, v in good.items() if n != "webhook-signature"},
        "an empty signature": good | {"webhook-signature": ""},
        "only an unknown version": good | {"webhook-signature": signature.replace("v1", "v2")},
        "v1 wrong and v2 right": good
        | {"webhook-signature": f"v1,AAAA {signature.replace('v1', 'v2')}"},
        "another id": good | {"webhook-id": "evt_another"},
        "another time": good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) - 1)},
        "an hour ago": acquirer.signed(raw, ago=timedelta(hours=1)),
        "in an hour": acquirer.signed(raw, ago=-timedelta(hours=1)),
        "a time that is none": good | {"webhook-timestamp": "now"},
    }


async def test_a_forged_event_is_refused_and_not_stored(
    shop: Shop, acquirer: Acquirer, evidence: Evidence
) -> None:
    """Row W1, and replays with an old timestamp."""
    payment = (await shop.pay("4000000000000002")).data
    raw = acquirer.event(payment)

    for why, headers in _forgeries(acquirer, raw).items():
        answer = await acquirer.send(shop.partner, raw, headers)
        assert (answer.http_status, answer.code) == (401, "P2115"), why
        assert answer.data is None
    changed = await acquirer.send(shop.partner, raw + b" ", acquirer.signed(raw))

    assert changed.code == "P2115"
    assert await stored(evidence, acquirer, raw) == []
    (row,) = await evidence.rows(ROWS, changed.trace)
    assert (row["http_status"], row["code"]) == (401, "P2115")
    assert (await shop.show(payment))["status"] == "failed"


async def test_two_signatures_are_accepted_while_a_secret_rotates(
    shop: Shop, acquirer: Acquirer
) -> None:
    """Row W8, with a provider whose clock is a minute behind."""
    payment = await shop.paid()
    raw = acquirer.event(payment)
    headers = acquirer.signed(raw, ago=timedelta(minutes=1))
    headers["webhook-signature"] = "v1,AAAA " + headers["webhook-signature"]

    assert (await acquirer.send(shop.partner, raw, headers)).code == "P0000"


async def test_the_same_event_with_another_body_is_a_conflict(
    shop: Shop, acquirer: Acquirer, evidence: Evidence
) -> None:
    payment = await shop.paid()
    raw = acquirer.event(payment)
    await acquirer.send(shop.partner, raw)
    changed = acquirer.event(payment, id=named(raw), amount="9.99")

    for body in (changed, raw + b" "):
        answer = await acquirer.send(shop.partner, body)
        assert (answer.http_status, answer.code) == (409, "P2116")
    assert await stored(evidence, acquirer, raw) == ["applied"]


async def test_what_we_do_not_know_is_parked(
    shop: Shop, acquirer: Acquirer, evidence: Evidence
) -> None:
    """Rows W5 and L5."""
    payment = await shop.paid()
    for raw in (
        acquirer.event(payment, type="dispute.created"),
        acquirer.event(payment, type="'; DROP TABLE inbound_event;--"),
        acquirer.event(payment, inside={"reference": "somebody-elses"}),
        acquirer.event(payment, inside={"reference": f"{payment['id']}-7"}),
    ):
        answer = await acquirer.send(shop.partner, raw)
        assert (answer.http_status, answer.data["state"]) == (200, "parked")
        assert await stored(evidence, acquirer, raw) == ["parked"]


async def test_another_amount_currency_or_provider_is_set_aside(
    shop: Shop, acquirer: Acquirer, evidence: Evidence
) -> None:
    payment = await shop.paid()
    before = await shop.show(payment), await postings(evidence, payment)
    south = Acquirer(shop.gateway, "SOUTH")
    for sender, raw in (
        (acquirer, acquirer.event(payment, amount="10.01")),
        (acquirer, acquirer.event(payment, inside={"currency": "EUR"})),
        (acquirer, acquirer.event(payment, "DECLINED")),
        (south, south.event(payment)),
    ):
        answer = await sender.send(shop.partner, raw)
        assert answer.code == "P0000", (raw, answer)
        assert (answer.http_status, answer.data["state"]) == (200, "quarantined"), raw
        assert await stored(evidence, sender, raw) == ["quarantined"]
    assert (await shop.show(payment), await postings(evidence, payment)) == before


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"null", b"{", b"{}", b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b"\xff\xfe"],
    ids=["nothing", "list", "null", "half", "empty", "deep", "no text"],
)
async def test_signed_nonsense_is_refused(shop: Shop, acquirer: Acquirer, raw: bytes) -> None:
    """Row W6."""
    try:
        headers = acquirer.signed(raw)
    except UnicodeDecodeError:
        headers = acquirer.signed(b"{}")

    answer = await acquirer.send(shop.partner, raw, headers)

    assert (answer.http_status, answer.code) in [(400, "P5001"), (401, "P2115")]


async def test_an_event_comes_whole_small_and_as_json(shop: Shop, acquirer: Acquirer) -> None:
    """Row W6, too."""
    payment = await shop.paid()
    large = acquirer.event(payment, padding="x" * 5_000_000)
    raw = acquirer.event(payment)
    plain = acquirer.signed(raw) | {"content-type": "text/plain"}

    assert (await acquirer.send(shop.partner, large)).code == "P5007"
    assert (await acquirer.send(shop.partner, raw, plain)).code == "P5006"
    assert (await acquirer.send(shop.partner, raw)).code == "P0000"


@pytest.mark.parametrize("name", ["NOBODY", "north", "a" * 300, "%00", "NORTH%20"])
async def test_a_provider_that_nobody_knows(shop: Shop, acquirer: Acquirer, name: str) -> None:
    raw = acquirer.event(await shop.paid())
    path = f"/v1/providers/{name}/webhooks"

    answer = await shop.partner.ask("POST", path, content=raw, headers=acquirer.signed(raw))

    assert (answer.http_status, answer.code) == (404, "P2114")


async def test_news_of_a_challenge_is_asked_after_and_not_believed(
    shop: Shop, acquirer: Acquirer
) -> None:
    """It says captured; the provider, asked, says that the customer has not decided."""
    payment = (await shop.pay(CHALLENGE)).data

    answer = await acquirer.send(shop.partner, acquirer.event(payment))

    assert (answer.http_status, answer.data["state"]) == (200, "applied")
    assert (await shop.show(payment))["status"] == "requires_action"


async def test_money_after_a_decline_goes_back(
    shop: Shop, acquirer: Acquirer, evidence: Evidence
) -> None:
    """The acquirer says no, books it all the same, and tells us later."""
    payment = (await shop.pay("4000000000000390")).data
    assert payment["status"] == "failed"

    async def reversed_() -> bool:
        types = await evidence.rows(
            "SELECT type FROM event WHERE object_id = $1 ORDER BY sequence", payment["id"]
        )
        told = [row["type"] for row in types]
        # It was asked at both acquirers, and both think better of it.
        return told.count("payment.late_success") == told.count("payment.reversed") == 2

    await shop.until(reversed_, "the late money does not go back")
    assert (await shop.show(payment))["status"] == "failed"
    booked = dict.fromkeys(effect for effect, _ in acquirer.effects(payment))
    assert {"refund", "void"} & set(booked)


async def test_an_event_leaves_no_private_text_behind(
    shop: Shop, acquirer: Acquirer, evidence: Evidence
) -> None:
    payment = await shop.paid()
    card = "4111" + "1111" * 3
    raw = acquirer.event(payment, inside={"note": card, "email": "rahima@shop.example"})

    answer = await acquirer.send(shop.partner, raw)

    rows = await evidence.rows("SELECT body FROM inbound_event WHERE event_id = $1", named(raw))
    assert card not in str(rows), answer


async def test_the_library_of_the_field_signs_as_the_tests_do(acquirer: Acquirer) -> None:
    raw = acquirer.event({"id": new_id(), "amount": "1.00", "currency": "USD"})

    assert Webhook(acquirer.secret).verify(raw.decode(), acquirer.signed(raw))
