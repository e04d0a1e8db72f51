"""Webhooks out of the acquirers: signed, repeated until taken, and wrong in every way asked for."""

import base64
import hashlib
import hmac
import time

import pytest

from tests.sandbox.running_sandbox import WEBHOOK_SECRETS
from tests.sandbox.till import Till, eventually
from tests.sandbox.trap import Caught, Trap


def test_every_change_is_told_signed_and_in_its_order(till: Till, trap: Trap):
    reference = till.paid()["reference"]
    captured = till.capture(reference, "c1", "10.00").json()
    refunded = till.refund(reference, "r1", "4.00").json()

    caught = sorted(trap.wait(reference, 3), key=lambda one: one.payment["sequence"])

    assert [one.json["type"] for one in caught] == [
        *("payment.updated", "payment.updated", "refund.updated")
    ]
    assert [one.payment["sequence"] for one in caught] == [1, 2, 3]
    assert caught[1].payment == captured
    assert caught[2].payment == refunded
    assert caught[2].json["data"]["refund"] == "r1"
    assert {one.json["data"]["acquirer"] for one in caught} == {"NORTH"}
    assert len({one.json["id"] for one in caught}) == 3
    for one in caught:
        assert one.path == "/hooks/NORTH?v=1"
        assert one.headers["webhook-id"] == one.json["id"]
        assert fits(one)


def test_each_acquirer_signs_with_its_own_secret(till: Till, trap: Trap):
    south = Till(till.sandbox, "SOUTH")
    [caught] = trap.wait(south.paid()["reference"], 1)

    assert fits(caught, "SOUTH")
    assert not fits(caught, "NORTH")


def test_what_happens_later_is_told_as_well(till: Till, trap: Trap):
    till.tell("pending", delayMs=200)
    pending = till.paid()["reference"]
    till.tell("contradict", delayMs=200)
    contradicted = till.paid()["reference"]
    till.tell(challengeLifeMs=200)
    challenged = till.paid("4000000000003220")["reference"]

    assert states(trap.wait(pending, 2)) == {"PENDING", "AUTHORIZED"}
    assert states(trap.wait(contradicted, 2)) == {"DECLINED", "AUTHORIZED"}
    assert states(trap.wait(challenged, 2)) == {"CHALLENGE", "EXPIRED"}


def test_it_is_sent_until_it_is_taken(till: Till, trap: Trap):
    trap.answer([500, 401, 302])

    reference = till.paid()["reference"]

    caught = trap.wait(reference, 4)
    assert {one.headers["webhook-id"] for one in caught} == {caught[0].headers["webhook-id"]}
    assert {one.body for one in caught} == {caught[0].body}
    eventually(lambda: till.events(reference)[0]["delivered"])
    assert till.events(reference)[0]["tries"] == ["500", "401", "302", "200"]


def test_it_is_sent_again_when_nobody_listens(till: Till, trap: Trap):
    till.sandbox.control.put("/control/webhooks", json={"url": "http://127.0.0.1:9/{acquirer}"})
    reference = till.paid()["reference"]
    refused = "no answer: ConnectionRefusedError"
    eventually(lambda: till.events(reference)[0]["tries"][:1] == [refused])
    till.sandbox.control.put("/control/webhooks", json={"url": trap.url})

    [caught] = trap.wait(reference, 1)

    assert fits(caught)


def test_one_card_has_every_webhook_three_times(till: Till, trap: Trap):
    caught = trap.wait(till.paid("4000000000000382")["reference"], 3)

    assert len({one.headers["webhook-id"] for one in caught}) == 1


def test_an_acquirer_can_be_told_to_duplicate_to_delay_and_to_be_silent(till: Till, trap: Trap):
    till.tell(webhookCopies=2)
    assert len(trap.wait(till.paid()["reference"], 2)) == 2

    till.tell(webhookDelayMs=500)
    started = time.monotonic()
    delayed = till.paid()["reference"]
    trap.wait(delayed, 1)
    assert time.monotonic() - started >= 0.5

    till.tell(webhooks=False)
    silent = till.paid()["reference"]
    till.tell()
    trap.wait(till.paid()["reference"], 1)
    assert trap.about(silent) == []
    assert till.events(silent)[0]["tries"] == []


def test_by_hand_it_is_sent_duplicated_and_delayed(till: Till, trap: Trap):
    reference = till.paid()["reference"]
    trap.wait(reference, 1)
    path = f"/control/webhooks/{till.events(reference)[0]['id']}"

    sent = till.sandbox.control.post(f"{path}/send")
    duplicated = till.sandbox.control.post(f"{path}/duplicate", json={"times": 5})
    delayed = till.sandbox.control.post(f"{path}/delay", json={"delayMs": 200})

    assert sent.json()["results"] == ["200"]
    assert duplicated.json()["results"] == ["200"] * 5
    assert delayed.status_code == 202
    caught = trap.wait(reference, 8)
    assert len({one.headers["webhook-id"] for one in caught}) == 1
    assert till.sandbox.control.post("/control/webhooks/evt_no/send").status_code == 404


@pytest.mark.parametrize("how", ["signature", "body", "unsigned"])
def test_a_forgery_does_not_fit_its_signature(till: Till, trap: Trap, how):
    assert not fits(forged(till, trap, how))


def test_a_stale_one_was_properly_signed_an_hour_ago(till: Till, trap: Trap):
    stale = forged(till, trap, "stale")

    assert fits(stale)
    assert time.time() - int(stale.headers["webhook-timestamp"]) >= 3600


def test_a_lie_is_properly_signed_and_has_an_id_of_its_own(till: Till, trap: Trap):
    lies = {how: forged(till, trap, how) for how in ("amount", "state", "type", "payment")}

    assert all(fits(lie) for lie in lies.values())
    assert all(lie.json["id"].endswith(f"_{how}") for how, lie in lies.items())
    assert lies["amount"].payment["authorizedAmount"] == "10.01"
    assert lies["state"].payment["state"] == "CAPTURED"
    assert lies["type"].json["type"] == "payment.exploded"
    assert lies["payment"].payment["reference"].startswith("nobody-pay_")


def forged(till: Till, trap: Trap, how: str) -> Caught:
    reference = till.paid()["reference"]
    trap.wait(reference, 1)
    event = till.events(reference)[0]["id"]
    before = len(trap.caught)
    answer = till.sandbox.control.post(f"/control/webhooks/{event}/forge", json={"how": how})
    assert answer.json() == {"event": event, "how": how, "results": ["200"]}
    return trap.caught[before]


def fits(caught: Caught, acquirer: str = "NORTH") -> bool:
    """Verified by the words of the standard, not by the sandbox's own code."""
    headers = caught.headers
    if "webhook-signature" not in headers:
        return False
    secret = base64.b64decode(WEBHOOK_SECRETS[acquirer].removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + caught.body
    expected = base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
    return headers["webhook-signature"] == f"v1,{expected}"


def states(caught: list[Caught]) -> set[str]:
    return {one.payment["state"] for one in caught}
