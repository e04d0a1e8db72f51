"""What is refused of disputes over HTTP, by its name, and that nothing changes. Rows L5, O1."""

import json
from typing import Any

import pytest

from payments.domain.evidence import LARGEST_FILE_BYTES, LONGEST_TEXT
from tests.api.dispute_shop import SAID, DisputeShop
from tests.api.shop import Acquirer, Shop
from tests.evidence_files import PDF, PNG, file_of
from tests.running_gateway import new_id


@pytest.fixture
def disputes(shop: Shop, acquirer: Acquirer) -> DisputeShop:
    return DisputeShop(shop, acquirer)


@pytest.fixture(scope="module")
async def open_dispute(shop: Shop) -> tuple[DisputeShop, dict[str, Any]]:
    """One for all bad bodies, since none of them changes it."""
    disputes = DisputeShop(shop, Acquirer(shop.gateway))
    _, _, dispute = await disputes.disputed()
    return disputes, dispute


BAD_BODIES: list[tuple[str, Any, int, str, str]] = [
    ("evidence", {}, 422, "P5003", "texts"),
    ("evidence", {"texts": {}}, 422, "P5003", "texts"),
    ("evidence", {"texts": {"explanation": ""}}, 422, "P5003", "texts.explanation"),
    ("evidence", {"texts": {"explanation": " \n"}}, 422, "P5003", "texts.explanation"),
    ("evidence", {"texts": {"explanation": "\u200b\n"}}, 422, "P5003", "texts.explanation"),
    ("evidence", {"texts": {"explanation": "a\x00b"}}, 422, "P5003", "texts.explanation"),
    ("evidence", {"texts": {"explanation": "a\u202eb"}}, 422, "P5003", "texts.explanation"),
    ("evidence", {"texts": {"explanation": "a" * 20_001}}, 422, "P5003", "texts.explanation"),
    ("evidence", {"texts": {"explanation": 7}}, 400, "P5002", "texts.explanation"),
    ("evidence", {"texts": {"opinion": "theirs"}}, 400, "P5002", "texts.opinion"),
    ("evidence", {"texts": ["a"]}, 400, "P5002", "texts"),
    ("evidence", {"files": {"receipt": "file_1"}}, 422, "P5003", "files.receipt"),
    ("evidence", {"files": {"receipt": "file_" + "0" * 26}}, 422, "P5003", "files.receipt"),
    (
        "evidence",
        {"texts": {"explanation": "4242 4242 4242 4242"}},
        422,
        "P5014",
        "texts.explanation",
    ),
    ("submit", {"version": 0}, 422, "P5003", "version"),
    ("submit", {"version": "1"}, 400, "P5002", "version"),
    ("submit", {"version": 1.5}, 400, "P5002", "version"),
    ("submit", {}, 422, "P2205", "version"),
    ("accept", {"because": "I say so"}, 400, "P5002", "because"),
]


@pytest.mark.parametrize(("verb", "body", "http_status", "code", "field"), BAD_BODIES)
async def test_what_cannot_be_said_is_refused_by_its_name(
    verb: str,
    body: Any,
    http_status: int,
    code: str,
    field: str,
    open_dispute: tuple[DisputeShop, dict[str, Any]],
) -> None:
    disputes, dispute = open_dispute

    answer = await disputes.do(verb, dispute, body)

    assert (answer.http_status, answer.code) == (http_status, code), answer
    assert answer.data["field"] == field
    after = await disputes.show(dispute)
    assert (after["status"], after["response"]) == ("needs_response", None)


async def test_files_that_are_none_are_refused(disputes: DisputeShop) -> None:
    _, _, dispute = await disputes.disputed()

    for content, kind, http_status, code in (
        (PNG, "image/gif", 415, "P5006"),
        (PNG, "application/json", 415, "P5006"),
        (PNG, "application/pdf", 422, "P2208"),
        (PDF, "image/jpeg", 422, "P2208"),
        (b"", "image/png", 422, "P2208"),
        (PNG + b"<html>", "image/png", 422, "P2208"),
        (PDF + b"0" * LARGEST_FILE_BYTES, "application/pdf", 413, "P5007"),
    ):
        answer = await disputes.give(dispute, content, kind)
        assert (answer.http_status, answer.code) == (http_status, code), answer
        assert code != "P2208" or answer.data["field"] == "body"
    room = LARGEST_FILE_BYTES - len(file_of("application/pdf", b""))
    whole = file_of("application/pdf", b"0" * room)
    largest = await disputes.give(dispute, whole, "application/pdf")
    assert largest.data["sizeBytes"] == LARGEST_FILE_BYTES
    same = [await disputes.give(dispute, PDF, "Application/PDF; x=y") for _ in range(2)]
    assert same[0].data == same[1].data


async def test_no_more_files_than_there_can_be(disputes: DisputeShop) -> None:
    _, _, dispute = await disputes.disputed()

    codes = [
        (await disputes.give(dispute, file_of("image/png", bytes([n])))).code for n in range(21)
    ]

    assert codes == ["P0000"] * 20 + ["P2209"]


async def test_another_partners_dispute_is_as_unknown_as_none(
    disputes: DisputeShop, other_shop: Shop, acquirer: Acquirer
) -> None:
    """O1. Reading, saying, answering, and a file of another dispute."""
    payment, _, dispute = await disputes.disputed()
    stranger = DisputeShop(other_shop, acquirer)
    nobodys = "dp_" + "0" * 26

    for one in (dispute["id"], nobodys, "dp_nobodys"):
        for path in ("", "/evidence"):
            answer = await other_shop.partner.get(f"/v1/disputes/{one}{path}")
            assert (answer.http_status, answer.code, answer.data) == (404, "P2202", None)
        for verb, body in (("evidence", SAID), ("submit", {}), ("accept", None)):
            assert (await stranger.do(verb, one, body)).code == "P2202"
        assert (await stranger.give(one)).code == "P2202"
    listed = await other_shop.partner.get("/v1/disputes", paymentId=payment["id"])
    assert listed.data == {"disputes": [], "next": None}
    _, _, other = await disputes.disputed()
    file = (await disputes.give(other)).data["id"]
    foreign = await disputes.do("evidence", dispute, {"files": {"receipt": file}})
    assert (foreign.code, foreign.data["field"]) == ("P5003", "files.receipt")


async def test_lists_are_pages_and_refuse_what_they_do_not_know(disputes: DisputeShop) -> None:
    made = [(await disputes.disputed())[2]["id"] for _ in range(2)]
    get = disputes.shop.partner.get

    first = (await get("/v1/disputes", limit="1", status="needs_response")).data
    second = (await get("/v1/disputes", limit="1", after=first["next"])).data

    assert [first["disputes"][0]["id"], second["disputes"][0]["id"]] == made[::-1]
    for asked in ({"status": "odd"}, {"limit": "0"}, {"after": "dp_1"}, {"paymentId": "x"}):
        answer = await get("/v1/disputes", **asked)
        assert (answer.http_status, answer.data["field"]) == (422, next(iter(asked)))
    assert (await get("/v1/disputes", state="won")).code == "P5002"


async def test_the_same_key_is_the_same_version(disputes: DisputeShop) -> None:
    _, _, dispute = await disputes.disputed()
    key = new_id()

    first = await disputes.do("evidence", dispute, SAID, key=key)
    again = await disputes.do("evidence", dispute, SAID, key=key)
    same = await disputes.do("evidence", dispute, SAID)

    assert again.data == first.data == same.data
    shown = await disputes.shop.partner.get(f"/v1/disputes/{dispute['id']}/evidence")
    assert shown.data == {"versions": [first.data], "files": []}


async def test_all_that_may_be_said_is_taken_however_it_is_escaped_and_no_letter_more(
    disputes: DisputeShop,
) -> None:
    _, _, dispute = await disputes.disputed()
    told = ("explanation", "activityLog", "refundPolicy", "refundRefusal", "duplicate")
    texts = dict.fromkeys(told, "\N{GRINNING FACE}" * LONGEST_TEXT)
    partner = disputes.shop.partner
    headers = {**await partner.authorised(), "Content-Type": "application/json"}

    answers = [
        await partner.ask(
            "POST",
            f"/v1/disputes/{dispute['id']}/evidence",
            content=json.dumps({"texts": said}),
            headers=headers,
        )
        for said in (texts, texts | {"serviceDate": "7"})
    ]

    assert [answer.code for answer in answers] == ["P0000", "P5003"]
    assert answers[1].data == {"field": "texts", "reason": "more than 100000 characters in all"}
