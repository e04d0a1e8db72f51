"""What every adapter promises besides: what is behind a token, and whom a webhook comes from."""

from datetime import UTC, datetime, timedelta

import pytest

from payments.domain.charge import Operation
from payments.domain.outcome import OutcomeKind
from payments.ports.provider import ForgedWebhook, Meaning, ProviderUnavailable, Says
from tests.contracts.provider.sending import authorized
from tests.contracts.provider.stages import AMOUNT, AdapterStage, Story, new_attempt


async def test_a_vault_that_cannot_be_reached_is_unavailable(adapter: AdapterStage) -> None:
    await adapter.disappear()

    with pytest.raises(ProviderUnavailable):
        await adapter.provider.card("tok_nobody")


async def test_the_vault_tells_of_a_card_and_not_its_number(adapter: AdapterStage) -> None:
    token = adapter.token(Story.SUCCEEDS)

    card = await adapter.provider.card(token)

    assert card is not None
    assert (card.token, card.brand, card.last4) == (token, "visa", "4242")
    assert (card.exp_month, card.exp_year) == (12, 2034)
    assert card.aliases[adapter.provider.capabilities.kind] == token
    assert card.fingerprint
    assert card.tokenised_at is not None
    assert await adapter.provider.card(f"{token}x") is None


async def test_a_card_that_a_provider_does_not_know_is_never_sent(adapter: AdapterStage) -> None:
    attempt = new_attempt(adapter)
    assert attempt.order.card is not None
    attempt.order.card.aliases.clear()

    assert (await adapter.provider.authorize(attempt)).kind is OutcomeKind.NOT_SENT


async def test_a_webhook_tells_what_it_is_about(adapter: AdapterStage) -> None:
    attempt = await authorized(adapter, capture=True)
    at = datetime.now(UTC).replace(microsecond=0)
    raw = adapter.webhook(attempt, at)
    headers = adapter.signed(raw, at)

    told = adapter.provider.webhook(raw, headers, at)

    assert (told.meaning, told.operation) == (Meaning.PAYMENT, Operation.AUTHORIZE)
    assert told.reference == attempt.reference
    assert (told.says, told.amount, told.at) == (Says.CAPTURED, AMOUNT, at)
    assert told.event_id.startswith("evt_")


@pytest.mark.parametrize("away", [timedelta(minutes=-6), timedelta(minutes=6)])
async def test_a_webhook_of_another_time_is_forged(adapter: AdapterStage, away: timedelta) -> None:
    attempt = await authorized(adapter, capture=True)
    at = datetime.now(UTC)
    raw = adapter.webhook(attempt, at)
    headers = adapter.signed(raw, at)

    with pytest.raises(ForgedWebhook):
        adapter.provider.webhook(raw, headers, at + away)


async def test_a_webhook_that_was_changed_or_not_signed_is_forged(adapter: AdapterStage) -> None:
    attempt = await authorized(adapter, capture=True)
    at = datetime.now(UTC)
    raw = adapter.webhook(attempt, at)
    headers = adapter.signed(raw, at)

    with pytest.raises(ForgedWebhook):
        adapter.provider.webhook(raw.replace(b"12345", b"12346") + b" ", headers, at)
    with pytest.raises(ForgedWebhook):
        adapter.provider.webhook(b"\xff" + raw, headers, at)
    with pytest.raises(ForgedWebhook):
        adapter.provider.webhook(raw, {}, at)
