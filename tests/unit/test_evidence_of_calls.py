"""What is kept of a call to somebody else: what a dispute needs, and no card number."""

import json

from payments.domain.card_numbers import MASK
from payments.outside.exchange import Exchange

CARD = "4000056655665556"


def kept(body: object) -> object:
    return Exchange(status=200, body=json.dumps(body)).raw()["body"]


def test_a_card_number_is_taken_out_wherever_a_provider_puts_it() -> None:
    told = {"message": f"card {CARD} refused", "raw": {CARD: [int(CARD), " ".join(CARD)]}}

    assert kept(told) == {"message": f"card {MASK} refused", "raw": {MASK: [MASK, MASK]}}


def test_it_is_taken_out_of_what_is_no_json_too_and_before_the_text_is_cut() -> None:
    text = "x" * 7_992 + CARD + "<html>"

    assert CARD[:8] not in Exchange(status=502, body=text).raw()["body"]
    assert Exchange(fault=f"ReadError {CARD}").raw() == {"fault": f"ReadError {MASK}"}


def test_a_bill_number_keeps_its_digits() -> None:
    assert kept({"billNumber": CARD, "state": "PAID"}) == {"billNumber": CARD, "state": "PAID"}
