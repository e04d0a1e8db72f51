"""Bodies and media types: one JSON object in UTF-8, read without mercy and without repair.

Rows K1 to K7 of the catalogue of bad input.
"""

import gzip
import json

import pytest

from tests.api.conftest import Untouched
from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient, TestBill, new_id

JSON = {"Content-Type": "application/json"}


async def lock_by_hand(
    partner: PartnerClient, content: bytes, headers: dict[str, str] | None = None
) -> Answer:
    known = {**await partner.authorised(), **(JSON if headers is None else headers)}
    return await partner.ask("POST", "/bill/lock", content=content, headers=known)


def without_end(bill: str) -> str:
    return bill[:-1] + ', "x": ' + "[" * 20_000


NOT_ONE_OBJECT = {
    "empty": lambda _: "",
    "white space": lambda _: " \r\n\t ",
    "null": lambda _: "null",
    "a list": lambda bill: f"[{bill}]",
    "an empty list": lambda _: "[]",
    "a string": lambda _: '"x"',
    "a number": lambda _: "1",
    "true": lambda _: "true",
    "two documents": lambda bill: bill + bill,
    "two lines": lambda bill: f"{bill}\n{bill}",
    "something after it": lambda bill: bill + ";",
    "a trailing comma": lambda bill: bill[:-1] + ",}",
    "a comment": lambda bill: bill[:-1] + "/* x */}",
    "a line comment": lambda bill: bill + "// x",
    "single quotes": lambda bill: bill.replace('"', "'"),
    "names without quotes": lambda bill: bill.replace('"billerId"', "billerId"),
    "a NUL after it": lambda bill: bill + "\x00",
    "a NUL inside": lambda bill: bill.replace("DESCO", "DES\x00CO"),
    "a raw line feed in a string": lambda bill: bill.replace("DESCO", "DES\nCO"),
    "cut in the middle": lambda bill: bill[: len(bill) // 2],
    "nested without end": without_end,
    "a form": lambda _: "billerId=DESCO&billNumber=1234567800&billingPeriod=2026-04",
    "XML": lambda _: "<billerId>DESCO</billerId>",
    "a half surrogate": lambda bill: bill.replace("DESCO", "\\ud83d"),
    "a half surrogate for a name": lambda bill: bill[:-1] + ', "\\ud83d": 1}',
    "NaN": lambda bill: bill[:-1] + ', "amount": NaN}',
    "Infinity": lambda bill: bill[:-1] + ', "amount": Infinity}',
    "-Infinity": lambda bill: bill[:-1] + ', "amount": -Infinity}',
    "a hexadecimal": lambda bill: bill[:-1] + ', "amount": 0x10}',
    "an underscore": lambda bill: bill[:-1] + ', "amount": 1_000}',
    "a leading zero": lambda bill: bill[:-1] + ', "amount": 012}',
    "a leading plus": lambda bill: bill[:-1] + ', "amount": +1}',
    "a leading point": lambda bill: bill[:-1] + ', "amount": .5}',
    "five thousand digits": lambda bill: bill[:-1] + ', "amount": ' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("change", NOT_ONE_OBJECT.values(), ids=NOT_ONE_OBJECT)
async def test_a_body_is_exactly_one_object(
    partner: PartnerClient, untouched: Untouched, change: object
) -> None:
    bill = TestBill()
    assert callable(change)

    answer = await lock_by_hand(partner, change(json.dumps(bill.told)).encode())

    assert (answer.http_status, answer.code) == (400, "P5001")
    await untouched(bill)


NOT_UTF_8 = {
    "a byte-order mark": lambda bill: b"\xef\xbb\xbf" + bill,
    "UTF-16": lambda bill: bill.decode().encode("utf-16"),
    "UTF-16 without a mark": lambda bill: bill.decode().encode("utf-16-le"),
    "UTF-32": lambda bill: bill.decode().encode("utf-32"),
    "Latin-1": lambda bill: bill.replace(b"DESCO", b"DESC\xd6"),
    "an overlong slash": lambda bill: bill.replace(b"DESCO", b"DESC\xc0\xaf"),
    "a surrogate in UTF-8": lambda bill: bill.replace(b"DESCO", b"\xed\xa0\x80"),
    "a lone continuation": lambda bill: bill.replace(b"DESCO", b"DESC\x80"),
    "gzip": lambda _: b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
}


@pytest.mark.parametrize("change", NOT_UTF_8.values(), ids=NOT_UTF_8)
async def test_a_body_is_utf_8_without_a_mark(
    partner: PartnerClient, untouched: Untouched, change: object
) -> None:
    bill = TestBill()
    assert callable(change)

    answer = await lock_by_hand(partner, change(json.dumps(bill.told).encode()))

    assert (answer.http_status, answer.code) == (400, "P5001")
    await untouched(bill)


@pytest.mark.parametrize("name", ["billNumber", "billerId", "billingPeriod"])
async def test_a_name_that_appears_twice_is_refused_by_name(
    partner: PartnerClient, untouched: Untouched, name: str
) -> None:
    bill = TestBill()
    twice = json.dumps(bill.told)[:-1] + f', "{name}": "{TestBill().number}"}}'

    answer = await lock_by_hand(partner, twice.encode())

    assert (answer.code, answer.data["field"]) == ("P5001", name)
    await untouched(bill)


async def test_an_amount_told_twice_pays_nothing(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, transaction = TestBill(), new_id()
    locked = (await partner.lock(bill)).data
    body = json.dumps({"lockToken": locked["lockToken"], "transactionId": transaction})
    twice = f'{body[:-1]}, "amount": "{locked["amount"]}", "amount": "1.00"}}'
    known = {**await partner.authorised(), **JSON}

    answer = await partner.ask("POST", "/bill/pay", content=twice.encode(), headers=known)

    assert (answer.code, answer.data["field"]) == ("P5001", "amount")
    await evidence.nothing_moved(bill)
    paid = await partner.pay(locked["lockToken"], transaction, amount=locked["amount"])
    assert paid.code == "P0000"


async def test_a_name_twice_in_an_object_inside_is_refused(partner: PartnerClient) -> None:
    body = b'{"billerId": {"a": 1, "a": 2}}'

    assert (await lock_by_hand(partner, body)).code == "P5001"


WRONG_SHAPES = {
    "missing": ("billNumber", None),
    "null": ("billNumber", "null"),
    "a number": ("billNumber", "1234567800"),
    "a huge number": ("billNumber", "1E400"),
    "minus nothing": ("billNumber", "-0"),
    "true": ("billNumber", "true"),
    "a list": ("billNumber", '["1234567800"]'),
    "an object": ("billNumber", '{"$ne": ""}'),
    "period a number": ("billingPeriod", "202604"),
    "biller missing": ("billerId", None),
}


@pytest.mark.parametrize(("field", "value"), WRONG_SHAPES.values(), ids=WRONG_SHAPES)
async def test_a_field_of_the_wrong_type_is_refused_by_name(
    partner: PartnerClient, untouched: Untouched, field: str, value: str | None
) -> None:
    bill = TestBill()
    told = {name: json.dumps(each) for name, each in bill.told.items() if name != field}
    if value is not None:
        told[field] = value
    body = "{" + ", ".join(f'"{name}": {each}' for name, each in told.items()) + "}"

    answer = await lock_by_hand(partner, body.encode())

    assert (answer.http_status, answer.code, answer.data["field"]) == (400, "P5002", field)
    await untouched(bill)


SAME_OBJECT = {
    "white space around": lambda bill: f" \r\n\t{bill}\n",
    "escaped letters": lambda bill: bill.replace("DESCO", "\\u0044ESCO"),
    "another order": lambda bill: json.dumps(dict(reversed(json.loads(bill).items()))),
}


@pytest.mark.parametrize("change", SAME_OBJECT.values(), ids=SAME_OBJECT)
async def test_the_same_object_may_be_written_in_other_ways(
    partner: PartnerClient, change: object
) -> None:
    assert callable(change)

    answer = await lock_by_hand(partner, change(json.dumps(TestBill().told)).encode())

    assert answer.code == "P0000"


OTHER_TYPES = ["", "text/plain", "application/xml", "application/x-www-form-urlencoded"]
OTHER_TYPES += ["multipart/form-data; boundary=x", "application/json; charset=utf-7", "*/*"]
OTHER_TYPES += ["application/json; charset=utf-16", "application/json; charset=latin-1", "json"]
OTHER_TYPES += ["application/jsonp", "application/problem+json", "text/json", "application/json5"]
OTHER_TYPES += ["application/json, text/plain", "application/json; charset=utf-8; charset=utf-7"]


@pytest.mark.parametrize("media_type", OTHER_TYPES)
async def test_a_body_of_another_type_is_refused(
    partner: PartnerClient, untouched: Untouched, media_type: str
) -> None:
    bill = TestBill()
    body = json.dumps(bill.told).encode()

    answer = await lock_by_hand(partner, body, {"Content-Type": media_type})

    assert (answer.http_status, answer.code) == (415, "P5006")
    assert answer.data == {"field": "Content-Type", "reason": "application/json, in UTF-8"}
    await untouched(bill)


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "aes128gcm"])
async def test_nothing_is_unpacked(
    partner: PartnerClient, untouched: Untouched, coding: str
) -> None:
    bill = TestBill()
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}

    answer = await lock_by_hand(partner, gzip.compress(json.dumps(bill.told).encode()), headers)

    assert (answer.http_status, answer.code) == (415, "P5006")
    assert answer.data == {"field": "Content-Encoding", "reason": "only identity"}
    await untouched(bill)


async def test_a_body_of_no_type_is_refused(partner: PartnerClient, untouched: Untouched) -> None:
    bill = TestBill()

    answer = await lock_by_hand(partner, json.dumps(bill.told).encode(), {})

    assert (answer.http_status, answer.code) == (415, "P5006")
    await untouched(bill)


SAME_TYPES = [
    "Application/JSON",
    "application/json;charset=UTF-8",
    'application/json; charset="utf-8"',
]


@pytest.mark.parametrize("media_type", SAME_TYPES)
async def test_json_in_utf_8_may_be_named_in_other_ways(
    partner: PartnerClient, media_type: str
) -> None:
    body = json.dumps(TestBill().told).encode()

    assert (await lock_by_hand(partner, body, {"Content-Type": media_type})).code == "P0000"


REFUSING = ["application/xml", "text/html", "*/*;q=0", "*/*; q=0.0", "application/json;q=0.000"]
REFUSING += ["application/json;q=0, text/html", "text/*", "application/jsonp", "nonsense"]


@pytest.mark.parametrize("accept", REFUSING)
async def test_who_does_not_take_json_gets_nothing_done(
    partner: PartnerClient, untouched: Untouched, accept: str
) -> None:
    bill = TestBill()

    answer = await partner.post("/bill/lock", bill.told, headers={"Accept": accept})

    assert (answer.http_status, answer.code) == (406, "P5008")
    await untouched(bill)


TAKING = ["*/*", "application/*", "application/json", "text/html, application/json;q=0.1", ""]


@pytest.mark.parametrize("accept", TAKING)
async def test_who_takes_json_among_others_gets_it(partner: PartnerClient, accept: str) -> None:
    assert (await partner.post("/bill/lock", TestBill().told, headers={"Accept": accept})).code == (
        "P0000"
    )
