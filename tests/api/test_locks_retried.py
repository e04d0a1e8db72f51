"""A lock that was refused for a moment, or is held, and the next who asks for it."""

from tests.patience import lock_persistently
from tests.running_gateway import PartnerClient, RunningGateway, TestBill, new_id

CONTROL = "/control/billers/BAHWATER"


async def test_a_lock_refused_for_a_silent_biller_is_tried_anew_under_its_key(
    gateway: RunningGateway, partner: PartnerClient
) -> None:
    bill, key = TestBill(biller_id="BAHWATER"), new_id("LOCK")

    gateway.sandbox("POST", CONTROL, {"behaviour": "error_before_effect", "operations": ["hold"]})
    try:
        refused = await partner.lock(bill, key)
    finally:
        gateway.sandbox("DELETE", CONTROL)
    # While what the biller perhaps holds is being given back, the answer is once more "not now".
    granted = await lock_persistently(partner, bill, key)

    assert (refused.http_status, refused.code) == (503, "P1004")
    assert granted.code == "P0000"


async def test_a_second_lock_is_told_whose_the_first_is_and_until_when(
    partner: PartnerClient, other_partner: PartnerClient
) -> None:
    bill = TestBill()
    first = await partner.lock(bill)

    again, stranger = await partner.lock(bill), await other_partner.lock(bill)

    assert first.code == "P0000"
    assert (again.code, again.data["heldByYou"]) == ("P1101", True)
    assert (stranger.code, stranger.data["heldByYou"]) == ("P1101", False)
    for told in (again, stranger):
        assert told.data["expiresAt"] == first.data["expiresAt"]
        assert 290 <= told.data["retryAfterS"] <= 300
        assert told.headers["retry-after"] == str(told.data["retryAfterS"])
        assert "lockToken" not in told.data
