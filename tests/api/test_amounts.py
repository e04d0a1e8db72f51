"""Amounts and periods: decimal strings in the currency's own digits, and the locked amount only.

Rows M1, M3 and M4 of the catalogue of bad input. Each refused payment leaves the lock as it was:
afterwards it is paid with the right amount.
"""

import json
from typing import Any

import pytest

from tests.api.conftest import Untouched
from tests.api.held import HeldLocks
from tests.evidence import DIGITS
from tests.running_gateway import Answer, PartnerClient, TestBill, new_id

CURRENCIES = {"DESCO": "BDT", "TOKYOGAS": "JPY", "BAHWATER": "BHD"}


async def pay_by_hand(partner: PartnerClient, token: str, transaction: str, raw: str) -> Answer:
    """`raw` is the amount as it stands in the JSON text."""
    body = json.dumps({"lockToken": token, "transactionId": transaction})
    headers = {**await partner.authorised(), "Content-Type": "application/json"}
    content = f'{body[:-1]}, "amount": {raw}}}'.encode()
    return await partner.ask("POST", "/bill/pay", content=content, headers=headers)


async def refused(partner: PartnerClient, held: HeldLocks, biller: str, make: Any) -> Answer:
    """The answer to the bad amount. The lock is left, and in the end it is paid with its own."""
    lock = await held.of(biller)
    raw = make(lock.told["amount"])
    answer = await pay_by_hand(partner, lock.token, lock.transaction, raw)
    await held.unmoved(lock)
    return answer


def text(value: str) -> Any:
    return lambda _: json.dumps(value)


NO_AMOUNTS = {
    "a number": lambda amount: amount,
    "a whole number": lambda _: "1250",
    "a huge number": lambda _: "1E400",
    "minus nothing": lambda _: "-0",
    "true": lambda _: "true",
    "a list": lambda amount: f'["{amount}"]',
    "an object": lambda amount: f'{{"value": "{amount}"}}',
    "with a comma": text("1,250.00"),
    "with a decimal comma": text("1250,00"),
    "a space before": lambda amount: f'" {amount}"',
    "a space behind": lambda amount: f'"{amount} "',
    "a line feed behind": lambda amount: f'"{amount}\\n"',
    "a NUL behind": lambda amount: f'"{amount}\\u0000"',
    "a plus": lambda amount: f'"+{amount}"',
    "a minus": lambda amount: f'"-{amount}"',
    "minus nothing in words": text("-0.00"),
    "an exponent": text("1.25e3"),
    "hexadecimal": text("0x10"),
    "an underscore": text("1_000"),
    "with its currency": lambda amount: f'"{amount} BDT"',
    "with a sign of money": lambda amount: f'"৳{amount}"',
    "Arabic-Indic digits": text("١٢٥٠.٠٠"),
    "full-width digits": text("１２５０.００"),
    "no digits before the point": text(".50"),
    "no digits behind the point": text("1250."),
    "two points": text("1.250.00"),
    "NaN": text("NaN"),
    "Infinity": text("Infinity"),
    "empty": text(""),
    "five decimals": text("1250.00000"),
    "seventeen digits": text("12345678901234567"),
}


@pytest.mark.parametrize("make", NO_AMOUNTS.values(), ids=NO_AMOUNTS)
async def test_what_is_no_decimal_string_is_malformed(
    partner: PartnerClient, held: HeldLocks, make: Any
) -> None:
    bad = await refused(partner, held, "DESCO", make)

    assert (bad.http_status, bad.code, bad.data["field"]) == (400, "P5002", "amount")


WRONG_VALUES = {
    "nothing": ("DESCO", "0"),
    "nothing in full": ("DESCO", "0.00"),
    "half a yen": ("TOKYOGAS", "1.5"),
    "a yen with decimals": ("TOKYOGAS", "1250.0"),
    "three decimals of taka": ("DESCO", "0.001"),
    "four decimals of dinar": ("BAHWATER", "1.2345"),
    "a leading zero": ("DESCO", "01250.00"),
    "more than there is": ("DESCO", "9999999999999999"),
}


@pytest.mark.parametrize(("biller", "amount"), WRONG_VALUES.values(), ids=WRONG_VALUES)
async def test_an_amount_the_currency_cannot_have_is_refused(
    partner: PartnerClient, held: HeldLocks, biller: str, amount: str
) -> None:
    bad = await refused(partner, held, biller, text(amount))

    assert (bad.http_status, bad.code, bad.data["field"]) == (422, "P5003", "amount")


OTHER_AMOUNTS = {
    "one more": ("DESCO", lambda minor: minor + 1),
    "one less": ("DESCO", lambda minor: minor - 1),
    "a hundred times": ("DESCO", lambda minor: minor * 100),
    "one more yen": ("TOKYOGAS", lambda minor: minor + 1),
    "one fils less": ("BAHWATER", lambda minor: minor - 1),
    "one": ("BAHWATER", lambda _: 1),
}


@pytest.mark.parametrize(("biller", "change"), OTHER_AMOUNTS.values(), ids=OTHER_AMOUNTS)
async def test_another_amount_than_the_locked_one_is_refused_and_the_lock_kept(
    partner: PartnerClient, held: HeldLocks, biller: str, change: Any
) -> None:
    places = DIGITS[CURRENCIES[biller]]

    def another(amount: str) -> str:
        digits = str(change(int(amount.replace(".", "")))).rjust(places + 1, "0")
        return json.dumps(f"{digits[:-places]}.{digits[-places:]}" if places else digits)

    bad = await refused(partner, held, biller, another)

    assert (bad.http_status, bad.code, bad.data["field"]) == (422, "P1104", "amount")


@pytest.mark.parametrize("biller", CURRENCIES)
async def test_an_amount_is_told_in_all_the_digits_of_its_currency(
    partner: PartnerClient, biller: str
) -> None:
    locked = (await partner.lock(TestBill(biller_id=biller))).data
    places = DIGITS[CURRENCIES[biller]]

    assert locked["currency"] == CURRENCIES[biller]
    for amount in (locked["amount"], locked["fee"]):
        assert isinstance(amount, str)
        assert len(amount.partition(".")[2]) == places


async def test_an_amount_may_be_told_in_fewer_digits(partner: PartnerClient) -> None:
    """A tenth of a taka is one amount, however many zeros are behind it."""
    for _ in range(200):
        bill = TestBill()
        found = await partner.get("/bill/lookup", **bill.told)
        if found.data["amount"].endswith("0"):
            break
    locked = (await partner.lock(bill)).data

    paid = await partner.pay(locked["lockToken"], new_id(), amount=locked["amount"][:-1])

    assert paid.code == "P0000"
    assert paid.data["amount"] == locked["amount"]


async def test_an_amount_need_not_be_told(partner: PartnerClient) -> None:
    locked = (await partner.lock(TestBill())).data

    paid = await partner.pay(locked["lockToken"], new_id())

    assert (paid.code, paid.data["amount"]) == ("P0000", locked["amount"])


async def test_a_null_amount_is_no_amount(partner: PartnerClient) -> None:
    token = await partner.locked(TestBill())

    assert (await partner.pay(token, new_id(), amount=None)).code == "P0000"


@pytest.mark.parametrize("currency", ["eur", "EURO", "XXX", "BTC", "", "ЕUR", "BDT", "USD"])
async def test_a_currency_cannot_be_chosen(
    partner: PartnerClient, held: HeldLocks, currency: str
) -> None:
    """It is the biller's: even the right one is a field too many."""
    lock = await held.of("DESCO")

    answer = await partner.pay(lock.token, lock.transaction, currency=currency)

    assert (answer.http_status, answer.code, answer.data["field"]) == (400, "P5002", "currency")
    await held.unmoved(lock)


NO_PERIODS = [
    "2026-13",
    "2026-00",
    "2026-4",
    "26-04",
    "2026-04-01",
    "2026/04",
    "2026-04 ",
    "04-2026",
]
NO_PERIODS += ["1999-12", "2076-04", "9999-12", "-2026-04", "２０２６-04", "2026-0４", "", "202604"]
NO_PERIODS += ["2026-04\n", "2026-04\u0000", "2026-Ap", "2026-04:x"]


@pytest.mark.parametrize("period", NO_PERIODS)
async def test_what_is_no_billing_period_is_refused(
    partner: PartnerClient, untouched: Untouched, period: str
) -> None:
    bill = TestBill()

    answer = await partner.post("/bill/lock", bill.told | {"billingPeriod": period})

    assert (answer.http_status, answer.code) == (422, "P5003")
    assert answer.data["field"] == "billingPeriod"
    await untouched(bill)


@pytest.mark.parametrize("period", ["2000-01", "2049-12", "2026-12"])
async def test_the_ends_of_what_is_a_billing_period_are_in_it(
    partner: PartnerClient, period: str
) -> None:
    assert (await partner.lock(TestBill(billing_period=period))).code == "P0000"
