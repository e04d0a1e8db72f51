"""Settings as an environment tells them."""

import pytest
from pydantic import ValidationError

from payments.config import Settings, Work

NEEDED = {
    "QUITTANCE_DATABASE_URL": "postgresql://app@db.example:5433/quittance",
    "QUITTANCE_SECRET_KEYS": "current, previous",
    "QUITTANCE_TOKEN_KEYS": "token",
    "QUITTANCE_ANSWER_KEYS": "the-answer-key",
}


def test_an_environment_tells_lists_numbers_and_switches() -> None:
    settings = Settings.of(
        NEEDED
        | {
            "QUITTANCE_API_PORT": "9000",
            "QUITTANCE_WEBHOOK_HTTP": "true",
            "QUITTANCE_TRUSTED_PROXIES": "10.0.0.0/8,fd00::/8, ",
            "QUITTANCE_HOME": "no setting of ours",
            "API_HOST": "no setting of ours either",
        }
    )

    assert [each.get_secret_value() for each in settings.secret_keys] == ["current", "previous"]
    assert (settings.api_host, settings.api_port) == ("127.0.0.1", 9000)
    assert settings.webhook_http
    assert [str(each) for each in settings.trusted_proxies] == ["10.0.0.0/8", "fd00::/8"]


def test_another_process_has_its_own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUITTANCE_API_PORT", "9000")

    assert Settings.of(NEEDED).api_port == 8080


@pytest.mark.parametrize("missing", NEEDED)
def test_what_has_no_default_must_be_told(missing: str) -> None:
    with pytest.raises(ValidationError, match=missing.removeprefix("QUITTANCE_").lower()) as told:
        Settings.of({name: value for name, value in NEEDED.items() if name != missing})

    assert "the-answer-key" not in str(told.value)


def test_a_worker_does_everything_unless_it_is_told_what() -> None:
    told = Settings.of(NEEDED | {"QUITTANCE_WORK": "counter, batches"})

    assert Settings.of(NEEDED).work == {Work.COUNTER, Work.WEBHOOKS, Work.BATCHES}
    assert told.work == {Work.COUNTER, Work.BATCHES}
    queues = [told.queue(work) for work in Work]
    assert queues == ["payments", "payments-webhooks", "payments-batches"]


@pytest.mark.parametrize("work", ["", " , ", "batch", "counter,everything"])
def test_a_worker_that_is_told_nothing_known_does_not_start(work: str) -> None:
    with pytest.raises(ValidationError, match="work"):
        Settings.of(NEEDED | {"QUITTANCE_WORK": work})
