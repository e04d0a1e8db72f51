"""The promises of ports.ledger.Ledger, for PostgreSQL and for the fake."""

import asyncio
from uuid import uuid4

import pytest

from payments.adapters.postgres.ledger import PostgresLedger
from payments.db.session import Database
from payments.domain import ledger as postings
from payments.domain.ledger import Account, AccountKind, Entry, Posting
from payments.domain.money import Money
from payments.ports.ledger import Balance, Ledger
from tests.contracts.direct import Direct
from tests.contracts.factories import make_payment
from tests.fakes.ledger import FakeLedger


@pytest.fixture(params=["postgres", "fake"])
def ledger(request: pytest.FixtureRequest, database: Database) -> Ledger:
    return FakeLedger() if request.param == "fake" else PostgresLedger(database)


def owned(owner: str, currency: str = "BDT") -> Account:
    return Account(AccountKind.SUSPENSE, owner, currency)


def make_posting(*lines: tuple[Account, int], key: str | None = None) -> Posting:
    key = key or f"test:{uuid4()}"
    entries = tuple(Entry(account, Money(minor, account.currency)) for account, minor in lines)
    return Posting(key=key, subject=key, description="a test", entries=entries)


async def balances_of(ledger: Ledger, *accounts: Account) -> list[int]:
    held = {balance.account: balance.amount.minor for balance in await ledger.balances()}
    return [held.get(account.code, 0) for account in accounts]


async def test_a_posting_moves_the_balances_of_its_accounts(ledger: Ledger) -> None:
    one, other = owned(str(uuid4())), owned(str(uuid4()))

    assert await ledger.post(make_posting((one, 500), (other, -500)))
    assert await ledger.post(make_posting((one, 25), (other, -25)))

    assert await balances_of(ledger, one, other) == [525, -525]


async def test_a_key_is_posted_once_for_ever(ledger: Ledger) -> None:
    one, other = owned(str(uuid4())), owned(str(uuid4()))
    posting = make_posting((one, 500), (other, -500))

    assert [await ledger.post(posting) for _ in range(3)] == [True, False, False]
    assert not await ledger.post(make_posting((one, 7), (other, -7), key=posting.key))

    assert await balances_of(ledger, one, other) == [500, -500]


async def test_of_many_that_post_one_key_at_once_one_posts(ledger: Ledger) -> None:
    one, other = owned(str(uuid4())), owned(str(uuid4()))
    posting = make_posting((one, 500), (other, -500))

    posted = await asyncio.gather(*(ledger.post(posting) for _ in range(50)))

    assert sum(posted) == 1
    assert await balances_of(ledger, one, other) == [500, -500]


async def test_the_first_use_of_an_account_by_many_at_once_opens_one(ledger: Ledger) -> None:
    one, other = owned(str(uuid4())), owned(str(uuid4()))

    await asyncio.gather(*(ledger.post(make_posting((one, 1), (other, -1))) for _ in range(50)))

    assert [each.amount for each in await ledger.balances() if each.account == one.code] == [
        Money(50, "BDT")
    ]


async def test_a_posting_may_hold_several_currencies_each_balanced(ledger: Ledger) -> None:
    owner, other = str(uuid4()), str(uuid4())
    lines = [
        (owned(who, currency), sign * 90)
        for currency in ("BDT", "JPY", "BHD")
        for who, sign in ((owner, 1), (other, -1))
    ]

    assert await ledger.post(make_posting(*lines))

    assert [each for each in await ledger.balances() if owner in each.account] == [
        Balance(f"suspense:{owner}:{currency}", Money(90, currency))
        for currency in ("BDT", "BHD", "JPY")
    ]


async def test_the_entries_of_a_subject_come_oldest_first(ledger: Ledger) -> None:
    payment = make_payment()
    await ledger.post(postings.suspended(payment))
    await ledger.post(postings.paid_from_suspense(payment))

    entries = await ledger.entries(payment.transaction_id)

    assert [(each.key.partition(":")[0], each.account, each.amount.minor) for each in entries] == [
        ("suspended", "partner_receivable:partner_1:BDT", 126_250),
        ("suspended", "suspense:DESCO:BDT", -126_250),
        ("paid", "suspense:DESCO:BDT", 126_250),
        ("paid", "biller_payable:DESCO:BDT", -125_000),
        ("paid", "fee_income:partner_1:BDT", -1_250),
    ]
    assert all(each.posted_at.tzinfo for each in entries)


async def test_a_subject_nobody_wrote_about_has_no_entries(ledger: Ledger) -> None:
    assert list(await ledger.entries("TXN-2026-04-NOBODY")) == []


async def test_a_posting_to_known_accounts_is_one_statement(
    database: Database, direct: Direct
) -> None:
    ledger = PostgresLedger(database)
    one, other = owned(str(uuid4())), owned(str(uuid4()))
    await ledger.post(make_posting((one, 1), (other, -1)))
    direct.forget_calls()

    for _ in range(10):
        await ledger.post(make_posting((one, 1), (other, -1)))

    assert list((await direct.calls()).values()) == [10]
