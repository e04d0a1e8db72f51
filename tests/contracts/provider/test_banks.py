"""What every provider promises of customers' banks, and how a payment at one goes."""

from datetime import UTC, datetime, timedelta

import pytest

from payments.adapters.providers.sandbox import mapping
from payments.domain.charge import Answer, Operation
from payments.domain.codes import Code
from payments.domain.method import Bank, BankRedirect
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from payments.outside.wire import Reply
from payments.ports.provider import Meaning, ProviderUnavailable, Says
from tests.card_factories import make_bank_order
from tests.contracts.provider.sending import ask, refund_key
from tests.contracts.provider.stages import AMOUNT, RETURN_URL, AdapterStage, SandboxStage, Stage

NORTH = "/control/acquirers/NORTH"


def at_a_bank(bank: str | None = "SUNNY", country: str = "GB") -> Attempt:
    now = datetime.now(UTC)
    order = make_bank_order(
        amount=AMOUNT,
        bank=BankRedirect(country, bank),
        created_at=now,
        deadline=datetime.max.replace(tzinfo=UTC),
        return_url=RETURN_URL,
    )
    return Attempt(order, 1, "NORTH")


def answer(stage: SandboxStage, asked: Answer, **form: str) -> None:
    """On the bank's page, as a browser would."""
    assert asked.challenge is not None
    told = stage.sandbox.acquirer.post(asked.challenge.url, data=form)
    assert told.status_code == 303, told.text


async def approved(stage: SandboxStage, attempt: Attempt) -> Answer:
    answer(stage, await stage.provider.authorize(attempt), decision="approve")
    return await ask(stage, attempt)


async def test_banks_are_told_with_what_an_order_needs(stage: Stage) -> None:
    banks = await stage.provider.banks()

    if stage.provider.capabilities.kind == "sandbox":
        assert "SUNNY" in {bank.id for bank in banks if bank.country == "GB"}
    else:
        assert banks == ()
    for bank in banks:
        assert isinstance(bank, Bank)
        assert bank.name
        assert bank.currencies


async def test_banks_of_a_provider_that_cannot_be_reached_are_unavailable(stage: Stage) -> None:
    await stage.disappear()

    if stage.provider.capabilities.kind == "sandbox":
        with pytest.raises(ProviderUnavailable):
            await stage.provider.banks()
    else:
        # It has none, whether or not it is there.
        assert await stage.provider.banks() == ()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"banks": [{"id": "SUNNY"}]}),
        Reply(200, {"banks": [{"id": "A", "name": "B", "country": "GB", "currencies": None}]}),
        Reply(200, {}),
        Reply(200, None),
        Reply(503, {"error": "UNAVAILABLE"}),
    ],
)
def test_half_a_list_of_banks_is_none(reply: Reply) -> None:
    with pytest.raises(ProviderUnavailable):
        mapping.banks(reply)


async def test_the_customer_is_sent_to_the_bank_and_the_money_is_taken(
    sandbox_stage: SandboxStage,
) -> None:
    attempt = at_a_bank()

    sent = await sandbox_stage.provider.authorize(attempt)
    waiting = await ask(sandbox_stage, attempt)
    answer(sandbox_stage, sent, decision="approve")
    done = await ask(sandbox_stage, attempt)

    assert sent.kind is OutcomeKind.PENDING
    assert sent.challenge is not None
    assert sent.challenge.expires_at > datetime.now(UTC) + timedelta(minutes=5)
    assert waiting == sent
    assert (done.kind, done.captured, done.amount) == (OutcomeKind.ACCEPTED, True, AMOUNT)
    assert done.is_of(attempt.order)


async def test_the_customer_chooses_when_no_bank_was_named(sandbox_stage: SandboxStage) -> None:
    attempt = at_a_bank(None, "DE")

    sent = await sandbox_stage.provider.authorize(attempt)
    answer(sandbox_stage, sent, bank="SUNNY_DE")
    chosen = await ask(sandbox_stage, attempt)
    answer(sandbox_stage, sent, decision="approve")

    assert chosen == sent
    assert (await ask(sandbox_stage, attempt)).captured


@pytest.mark.parametrize(
    ("bank", "decision", "code", "raw"),
    [
        ("SUNNY", "refuse", Code.CUSTOMER_CANCELED, "customer_canceled"),
        ("SUNNY", "no_money", Code.INSUFFICIENT_FUNDS, "insufficient_funds"),
        ("RAINY", "approve", Code.INSUFFICIENT_FUNDS, "insufficient_funds"),
    ],
)
async def test_a_no_at_the_bank_is_told_as_it_is(
    sandbox_stage: SandboxStage, bank: str, decision: str, code: Code, raw: str
) -> None:
    attempt = at_a_bank(bank)

    answer(sandbox_stage, await sandbox_stage.provider.authorize(attempt), decision=decision)
    told = await ask(sandbox_stage, attempt)

    assert told.kind is OutcomeKind.DECLINED
    assert told.decline is not None
    assert (told.decline.code, told.decline.raw) == (code, raw)
    assert told.decline.network_code is None


@pytest.mark.parametrize(
    ("bank", "country", "raw"),
    [
        ("CLOSED", "GB", "bank_unavailable"),
        ("NOBODY", "GB", "BANK_NOT_FOUND"),
        ("SUNNY", "DE", "BANK_NOT_FOUND"),
        (None, "FR", "BANK_NOT_FOUND"),
    ],
)
async def test_a_bank_that_cannot_be_asked_is_a_clear_end(
    sandbox_stage: SandboxStage, bank: str | None, country: str, raw: str
) -> None:
    sent = await sandbox_stage.provider.authorize(at_a_bank(bank, country))

    assert sent.kind is OutcomeKind.DECLINED
    assert sent.decline is not None
    assert (sent.decline.code, sent.decline.raw) == (Code.BANK_UNAVAILABLE, raw)


async def test_a_blocked_account_and_a_customer_who_is_too_slow_have_codes_of_their_own(
    sandbox_stage: SandboxStage,
) -> None:
    control = sandbox_stage.sandbox.control
    blocked, slow = at_a_bank(), at_a_bank()
    ends = ({"state": "DECLINED", "reason": "ACCOUNT_BLOCKED"}, {"state": "EXPIRED"})
    for attempt, end in zip((blocked, slow), ends, strict=True):
        await sandbox_stage.provider.authorize(attempt)
        control.post(f"{NORTH}/payments/{attempt.reference}/state", json=end)

    codes = [(await ask(sandbox_stage, attempt)).decline for attempt in (blocked, slow)]

    assert [decline and decline.code for decline in codes] == [
        *(Code.ACCOUNT_BLOCKED, Code.ACTION_EXPIRED)
    ]


async def test_a_void_ends_an_open_payment_and_is_too_late_after_the_approval(
    sandbox_stage: SandboxStage,
) -> None:
    provider = sandbox_stage.provider
    opened, taken = at_a_bank(), at_a_bank()
    await provider.authorize(opened)
    await approved(sandbox_stage, taken)

    ended, late = await provider.void(opened), await provider.void(taken)

    assert ended.kind is OutcomeKind.ACCEPTED
    assert (await ask(sandbox_stage, opened)).challenge is None
    assert (late.kind, late.captured) == (OutcomeKind.DECLINED, True)


async def test_money_taken_at_a_bank_is_given_back_once(sandbox_stage: SandboxStage) -> None:
    attempt = at_a_bank()
    await approved(sandbox_stage, attempt)
    key, part = refund_key(attempt), Money(2_345, "EUR")

    first = await sandbox_stage.provider.refund(attempt, key=key, amount=part)
    again = await sandbox_stage.provider.refund(attempt, key=key, amount=part)

    assert first == again
    assert (first.kind, first.amount) == (OutcomeKind.ACCEPTED, part)
    assert sandbox_stage.effects(attempt, Operation.REFUND, key) == 1


async def test_an_answer_that_never_came_leaves_a_payment_that_can_be_found(
    sandbox_stage: SandboxStage,
) -> None:
    attempt = at_a_bank("STORMY")

    lost = await sandbox_stage.impatient.authorize(attempt)
    found = await ask(sandbox_stage, attempt)
    answer(sandbox_stage, found, decision="approve")

    assert lost.kind is OutcomeKind.UNKNOWN
    assert (await ask(sandbox_stage, attempt)).captured


async def test_the_webhook_of_a_bank_payment_is_read_like_any_other(
    sandbox_stage: SandboxStage,
) -> None:
    attempt = at_a_bank(None)
    await sandbox_stage.provider.authorize(attempt)
    at = datetime.now(UTC).replace(microsecond=0)
    raw = sandbox_stage.webhook(attempt, at)

    told = sandbox_stage.provider.webhook(raw, sandbox_stage.signed(raw, at), at)

    assert (told.meaning, told.says) == (Meaning.PAYMENT, Says.CHALLENGE)
    assert told.reference == attempt.reference


async def test_a_bank_that_a_provider_cannot_reach_is_never_sent(adapter: AdapterStage) -> None:
    if adapter.provider.capabilities.kind == "sandbox":
        assert (await adapter.provider.authorize(at_a_bank())).kind is OutcomeKind.PENDING
    else:
        assert (await adapter.provider.authorize(at_a_bank())).kind is OutcomeKind.NOT_SENT
