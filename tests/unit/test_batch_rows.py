"""Reading a batch: what is refused, in whole or by line, and that nothing bad comes through."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from api.batch_rows import Judged, RowJudge, TooManyRows, columns_of
from api.batches import BillerTerms
from api.bill_rows import BillRows
from api.row_files import LONGEST_LINE, CardNumberSeen, RowFormat, Unreadable
from payments.domain import ids
from payments.domain.batch_row import BatchRow, BillRow
from payments.domain.bill import Agreement, BillRef
from payments.domain.codes import Code
from payments.domain.money import Money

NOW = datetime(2026, 4, 30, 8, 21, 14, tzinfo=UTC)
AGREEMENT = Agreement(100, 10)
COLUMNS = columns_of(BillRows.shape)
HEADER = "billerId,billNumber,billingPeriod,transactionId,amount,currency"
CARD = "4111 1111 1111 1111"
# What a biller calls a bill can look like a card number.
LIKE_A_CARD = "4111111111111111"


def terms_of(biller_id: str) -> BillerTerms | None:
    return {
        "DESCO": BillerTerms("BDT", AGREEMENT),
        "TITAS": BillerTerms("BDT", AGREEMENT),
        "KEPCO": BillerTerms("JPY", AGREEMENT),
        "WASA": BillerTerms("BDT", None),
    }.get(biller_id)


def judged(body: str | bytes, format_: RowFormat = RowFormat.CSV) -> Judged:
    body = body.encode() if isinstance(body, str) else body
    return RowJudge(BillRows("partner_1", terms_of, NOW)).judge(body, format_)


def csv_of(*rows: str, header: str = HEADER, ending: str = "\n") -> str:
    return ending.join([header, *rows]) + ending


def fields(**changes: Any) -> dict[str, Any]:
    good = {
        "billerId": "DESCO",
        "billNumber": "1000000001",
        "billingPeriod": "2026-04",
        "transactionId": "order-1",
        "amount": "1250.00",
        "currency": "BDT",
    }
    return good | changes


def line(**changes: Any) -> str:
    return ",".join(fields(**changes).values())


def told(result: Judged) -> list[tuple[int, Code, str | None]]:
    return [(flaw.line, flaw.code, flaw.field) for flaw in result.flaws]


def test_a_row_becomes_what_is_to_be_paid() -> None:
    result = judged(csv_of(line()))

    assert result.flaws == ()
    assert result.rows == (
        BatchRow(
            line=2,
            reference="order-1",
            object_id=ids.transaction_id("partner_1", "order-1", NOW),
            amount=Money(125_000, "BDT"),
            asked=BillRow(BillRef("DESCO", "1000000001", "2026-04"), AGREEMENT),
        ),
    )


@pytest.mark.parametrize(
    "body",
    [
        csv_of(line(), line(billNumber="2", transactionId="order-2")),
        csv_of(line(), line(billNumber="2", transactionId="order-2"), ending="\r\n"),
        csv_of(line(), line(billNumber="2", transactionId="order-2")).removesuffix("\n"),
        csv_of(line(), line(billNumber="2", transactionId="order-2"), ending="\r\n").strip(),
        csv_of(line(), line(billNumber='"2"', transactionId='"order-2"')),
    ],
    ids=["LF", "CRLF", "no end", "no CRLF at the end", "quotes"],
)
def test_what_rfc_4180_allows_is_read(body: str) -> None:
    result = judged(body)

    assert result.flaws == ()
    assert [row.reference for row in result.rows] == ["order-1", "order-2"]


def test_json_lines_are_read_as_csv_is() -> None:
    lines = [fields(), fields(billNumber="2", transactionId="order-2")]

    result = judged("\n".join(map(json.dumps, lines)) + "\n", RowFormat.JSONL)

    assert result.flaws == ()
    assert [(row.line, row.reference) for row in result.rows] == [(1, "order-1"), (2, "order-2")]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (f"{HEADER}\n".encode(), "no rows"),
        (b"\xef\xbb\xbf" + csv_of(line()).encode(), "byte-order mark"),
        (csv_of(line()).encode("utf-16"), "first line must be"),
        (csv_of(line(), header=HEADER.replace("amount", "Amount")).encode(), "first line must be"),
        (csv_of(line(), header=HEADER + ",note").encode(), "first line must be"),
        (csv_of(line(), header=HEADER.replace(",", ";")).encode(), "first line must be"),
        (csv_of(line(), header=f"{HEADER} ").encode(), "first line must be"),
        (f"{line()}\n{line()}\n".encode(), "first line must be"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(body: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        judged(body)


MALFORMED, REFUSED = Code.FIELD_MALFORMED, Code.FIELD_REFUSED


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ("", MALFORMED, None),
        ("   ", MALFORMED, None),
        ("DESCO,1,2026-04", MALFORMED, None),
        (line() + ",", MALFORMED, None),
        (line(transactionId='"order"-1"'), MALFORMED, None),
        (line(transactionId='"order-1'), MALFORMED, None),
        (line(transactionId='"order""1"'), REFUSED, "transactionId"),
        (line(transactionId='or"der'), REFUSED, "transactionId"),
        (line(transactionId='"order,1"'), REFUSED, "transactionId"),
        (line(transactionId="=SUM(A1)"), REFUSED, "transactionId"),
        (line(transactionId="+1"), REFUSED, "transactionId"),
        (line(billNumber="-1"), REFUSED, "billNumber"),
        (line(billNumber="@a1"), REFUSED, "billNumber"),
        (line(billNumber="\t1"), REFUSED, "billNumber"),
        (line(billNumber="1\r2"), MALFORMED, None),
        (line(billNumber="1\x002"), REFUSED, "billNumber"),
        (line(billNumber="1\u0665"), REFUSED, "billNumber"),
        (line(billNumber=""), REFUSED, "billNumber"),
        (line(billNumber="1" * 33), REFUSED, "billNumber"),
        (line(billNumber="1" * LONGEST_LINE), MALFORMED, None),
        (line(billNumber="x" * 1_000_000), MALFORMED, None),
        (line(billingPeriod="2026-13"), REFUSED, "billingPeriod"),
        (line(billingPeriod=" 2026-04"), REFUSED, "billingPeriod"),
        (line(billerId="desco"), REFUSED, "billerId"),
        (line(billerId="NOBODY"), Code.BILLER_UNKNOWN, "billerId"),
        (line(billerId="WASA"), Code.BILLER_UNKNOWN, "billerId"),
        (line(amount="1.250"), REFUSED, "amount"),
        (line(amount="0.00"), REFUSED, "amount"),
        (line(amount="1e3"), MALFORMED, "amount"),
        (line(amount="1 250"), MALFORMED, "amount"),
        (line(currency="bdt"), REFUSED, "currency"),
        (line(currency="USD"), REFUSED, "currency"),
        (line(currency=""), REFUSED, "currency"),
    ],
)
def test_a_bad_row_is_told_by_its_line(row: str, code: Code, field: str | None) -> None:
    good = line(billNumber="2", transactionId="order-2")

    result = judged(csv_of(good, row, line(billNumber="3", transactionId="order-3")))

    assert told(result) == [(3, code, field)]
    assert [each.line for each in result.rows] == [2, 4]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("{}", "billerId"),
        ("[]", None),
        ("null", None),
        ('{"billerId": "DESCO"', None),
        (json.dumps(fields()) + json.dumps(fields()), None),
        ('{"billerId": "DESCO", "billerId": "DESCO"}', "billerId"),
        (json.dumps(fields(amount=1250)), "amount"),
        (json.dumps(fields(note="hello")), "note"),
        (json.dumps(fields(billNumber=None)), "billNumber"),
        (json.dumps(fields(amount=float("nan"))), None),
        ("[" * 900, None),
    ],
)
def test_a_bad_line_of_json_is_told_too(row: str, field: str | None) -> None:
    result = judged(json.dumps(fields(transactionId="a")) + "\n" + row + "\n", RowFormat.JSONL)

    assert told(result) == [(2, MALFORMED, field)]


def test_every_bad_row_is_told() -> None:
    bad = [line(billNumber=f"={at}", transactionId=f"order-{at}") for at in range(500)]

    assert [flaw.line for flaw in judged(csv_of(*bad)).flaws] == list(range(2, 502))


@pytest.mark.parametrize(
    "mixed",
    [
        f"{HEADER}\r\n{line()}\n{line(billNumber='2', transactionId='b')}\r\n",
        f"{HEADER}\n{line()}\r",
        f"{HEADER}\r\n{line()}\r",
        f"{HEADER}\n{line()}\r\r\n",
        f"{HEADER}\r\n{line()}\r\r\n",
    ],
)
def test_lines_that_end_differently_are_told(mixed: str) -> None:
    [flaw] = judged(mixed).flaws

    assert (flaw.line, flaw.code) == (2, MALFORMED)
    assert "ends in another way" in flaw.reason or "carriage return" in flaw.reason


def test_a_line_that_is_no_utf_8_is_told() -> None:
    body = csv_of(line()).encode() + b"DESCO,\xff,2026-04,b,1.00,BDT\n"

    assert told(judged(body)) == [(3, MALFORMED, None)]


@pytest.mark.parametrize(
    ("again", "field"),
    [
        (line(transactionId="order-2"), "billNumber"),
        (line(billNumber="2"), "transactionId"),
        (line(), "billNumber"),
    ],
)
def test_what_comes_twice_is_told_with_its_first_line(again: str, field: str) -> None:
    result = judged(csv_of(line(), again))

    assert told(result) == [(3, REFUSED, field)]
    assert "line 2" in result.flaws[0].reason


def test_mixed_currencies_are_told_with_the_first_line() -> None:
    yen = line(billerId="KEPCO", transactionId="order-2", amount="1250", currency="JPY")

    result = judged(csv_of(line(), yen))

    assert told(result) == [(3, REFUSED, "currency")]
    assert "line 2 has BDT" in result.flaws[0].reason


def numbered(count: int) -> Iterable[str]:
    return (line(billNumber=str(at), transactionId=f"o{at}") for at in range(count))


def test_fifty_thousand_rows_are_read_and_one_more_is_too_many() -> None:
    assert len(judged(csv_of(*numbered(50_000))).rows) == 50_000

    with pytest.raises(TooManyRows):
        judged(csv_of(*numbered(50_001)))


@pytest.mark.parametrize(
    "body",
    [
        csv_of(line(transactionId=LIKE_A_CARD)),
        csv_of(line(billNumber=CARD)),
        csv_of(line() + "," + CARD),
        csv_of(line(), header=f"{HEADER},{CARD}"),
        csv_of(line(amount=CARD)),
        csv_of(line(), '"' + CARD),
    ],
)
def test_a_card_number_anywhere_is_seen(body: str) -> None:
    with pytest.raises(CardNumberSeen, match=r"line [123]$"):
        judged(body)


@pytest.mark.parametrize("changes", [{CARD: "x"}, {"note": int(LIKE_A_CARD)}, {"note": [CARD]}])
def test_a_card_number_in_json_is_seen(changes: dict[str, Any]) -> None:
    with pytest.raises(CardNumberSeen):
        judged(json.dumps(fields() | changes), RowFormat.JSONL)


def test_the_number_of_a_bill_may_look_like_one_of_a_card() -> None:
    [row] = judged(csv_of(line(billNumber=LIKE_A_CARD))).rows

    assert row.bill.ref.bill_number == LIKE_A_CARD


def test_a_number_and_a_period_of_a_bad_line_are_no_card_number() -> None:
    [flaw] = judged(csv_of(line(billNumber="3971049818", billingPeriod="2026-04") + ",more")).flaws

    assert flaw.line == 2


def test_no_value_of_a_bad_row_is_repeated() -> None:
    secret = "hunter2"
    bad: Sequence[str] = [line(**{name: f"={secret}"}) for name in COLUMNS]

    flaws = judged(csv_of(*bad)).flaws

    assert len(flaws) == len(COLUMNS)
    assert not [flaw for flaw in flaws if re.search(secret, flaw.reason)]


def test_more_than_any_amount_together_is_refused() -> None:
    most = "9" * 13 + ".00"
    rows = (line(billNumber=str(at), transactionId=f"o{at}", amount=most) for at in range(2))

    with pytest.raises(Unreadable, match="together"):
        judged(csv_of(*rows))
