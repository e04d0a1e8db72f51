"""Reading a batch of payouts: each row must be what a single payout must be, before any moves."""

import json
from typing import Any

import pytest

from api.batch_rows import Judged, RowJudge, columns_of
from api.payout_batch_rows import PayoutRowBody, PayoutRows, destinations_in
from api.payout_orders import PayoutRules, payout_content
from api.row_files import CardNumberSeen, RowFormat
from payments.domain import ids
from payments.domain.batch_row import BatchRow, PayoutRow
from payments.domain.codes import Code
from payments.domain.destination import Destination, DestinationState
from payments.domain.money import Money
from payments.domain.partner import Standing
from payments.domain.payout_terms import PayoutLimits, PayoutTerms
from payments.domain.rail import RailProfile
from tests.fakes.partners import FakePartners
from tests.payout_factories import make_destination, make_rail
from tests.rail_fakes import FakeDestinations, FakeRail, FakeRails

TERMS = PayoutTerms(
    currencies=frozenset({"USD", "JPY"}),
    fee_flat_minor=25,
    fee_basis_points=100,
    hold_above={"USD": 100_000},
    block_above={"USD": 500_000},
    daily_count=7,
    daily_sum={},
    destination_count=None,
    destination_sum={},
)
VERIFIED = DestinationState.VERIFIED
GOOD = make_destination(reference="good", state=VERIFIED)
YEN = make_destination(reference="yen", state=VERIFIED, currency="JPY")
EURO = make_destination(reference="euro", state=VERIFIED, currency="EUR")
REFUSED = make_destination(reference="refused", state=DestinationState.REFUSED)
CLOSED = make_destination(reference="closed", state=VERIFIED, rail="CLOSED")
GONE = make_destination(reference="gone", state=VERIFIED, rail="GONE")
NOBODYS = make_destination(partner_id="partner_2", state=VERIFIED)
KNOWN = {each.destination_id: each for each in (GOOD, YEN, EURO, REFUSED, CLOSED, GONE)}
HEADER = ",".join(columns_of(PayoutRowBody))


class Rails(FakeRails):
    def profile(self, rail_id: str) -> RailProfile | None:
        rails = {
            "GIRO": make_rail(currencies=frozenset({"USD", "JPY"})),
            "CLOSED": make_rail(standing=Standing.SUSPENDED),
        }
        return rails.get(rail_id)


def judged(body: str, format_: RowFormat = RowFormat.CSV) -> Judged:
    rules = PayoutRules(FakePartners(payout={"partner_1": TERMS}), Rails(FakeRail()))
    return RowJudge(PayoutRows("partner_1", KNOWN, rules)).judge(body.encode(), format_)


def line(**changes: str) -> str:
    good = {
        "reference": "salary-1",
        "destinationToken": GOOD.destination_id,
        "amount": "10.00",
        "currency": "USD",
    }
    return ",".join((good | changes).values())


def csv_of(*lines: str) -> str:
    return "\n".join([HEADER, *lines, ""])


def test_a_row_becomes_what_is_to_be_paid_out_and_is_the_single_one_of_its_name() -> None:
    result = judged(csv_of(line()))

    assert result.flaws == ()
    amount = Money(1_000, "USD")
    assert result.rows == (
        BatchRow(
            line=2,
            reference="salary-1",
            object_id=ids.payout_id("partner_1", "salary-1"),
            amount=amount,
            asked=PayoutRow(
                destination_id=GOOD.destination_id,
                rail="GIRO",
                fee=Money(35, "USD"),
                limits=PayoutLimits(hold_above=100_000, block_above=500_000, daily_count=7),
                content=payout_content(
                    amount, {"destinationToken": GOOD.destination_id}, "salary-1", {}
                ),
            ),
        ),
    )


def test_one_destination_may_stand_in_many_rows() -> None:
    assert judged(csv_of(line(), line(reference="salary-2"))).flaws == ()


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"reference": "a b"}, Code.FIELD_REFUSED, "reference"),
        ({"reference": "=1+1"}, Code.FIELD_REFUSED, "reference"),
        ({"destinationToken": "dst_1"}, Code.FIELD_REFUSED, "destinationToken"),
        ({"destinationToken": f"dst_{'0' * 26}"}, Code.DESTINATION_UNKNOWN, "destinationToken"),
        (
            {"destinationToken": NOBODYS.destination_id},
            *(Code.DESTINATION_UNKNOWN, "destinationToken"),
        ),
        (
            {"destinationToken": REFUSED.destination_id},
            *(Code.DESTINATION_UNVERIFIED, "destinationToken"),
        ),
        ({"destinationToken": CLOSED.destination_id}, Code.NO_RAIL, "destinationToken"),
        ({"destinationToken": GONE.destination_id}, Code.NO_RAIL, "destinationToken"),
        ({"destinationToken": YEN.destination_id}, Code.FIELD_REFUSED, "currency"),
        (
            {"destinationToken": EURO.destination_id, "currency": "EUR"},
            *(Code.CURRENCY_REFUSED, "currency"),
        ),
        (
            {"destinationToken": YEN.destination_id, "currency": "JPY", "amount": "10"},
            *(Code.FIELD_REFUSED, "currency"),
        ),
        ({"currency": "usd"}, Code.CURRENCY_REFUSED, "currency"),
        ({"amount": "0.00"}, Code.FIELD_REFUSED, "amount"),
        ({"amount": "1.005"}, Code.FIELD_REFUSED, "amount"),
        ({"amount": "1e3"}, Code.FIELD_MALFORMED, "amount"),
        ({"amount": "5000.01"}, Code.PAYOUT_LIMIT, "amount"),
    ],
)
def test_a_bad_row_is_told_by_its_line(changes: dict[str, str], code: Code, field: str) -> None:
    result = judged(csv_of(line(reference="first"), line(**changes)))

    assert [(each.line, each.code, each.field) for each in result.flaws] == [(3, code, field)]


def test_a_name_that_comes_twice_is_told_with_its_first_line() -> None:
    [flaw] = judged(csv_of(line(), line(amount="11.00"))).flaws

    assert (flaw.line, flaw.field, flaw.reason) == (3, "reference", "the name of line 2")


@pytest.mark.parametrize("extra", [{"metadata": {}}, {"fee": "0.00"}])
def test_a_row_has_nothing_else(extra: dict[str, Any]) -> None:
    fields = dict(zip(HEADER.split(","), line().split(","), strict=True)) | extra

    [flaw] = judged(json.dumps(fields) + "\n", RowFormat.JSONL).flaws

    assert (flaw.code, flaw.field) == (Code.FIELD_MALFORMED, next(iter(extra)))


def test_a_card_number_is_seen() -> None:
    with pytest.raises(CardNumberSeen):
        judged(csv_of(line(reference="4242424242424242")))


class Counted(FakeDestinations):
    asked: list[list[str]]

    def __init__(self) -> None:
        self.asked = []

    async def named(self, partner_id: str, names: Any) -> dict[str, Destination]:
        assert partner_id == "partner_1"
        self.asked.append(list(names))
        return {name: KNOWN[name] for name in names if name in KNOWN}


async def test_all_destinations_of_a_file_are_asked_for_at_once() -> None:
    record = Counted()
    many = csv_of(
        *(line(reference=f"salary-{at}") for at in range(1_000)),
        line(destinationToken=REFUSED.destination_id),
    )

    found = await destinations_in(record, "partner_1", many.encode())

    assert record.asked == [sorted((GOOD.destination_id, REFUSED.destination_id))]
    assert found == {each.destination_id: each for each in (GOOD, REFUSED)}
