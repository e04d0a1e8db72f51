"""What follows from a try of a webhook, as tables."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from payments.domain.webhook import (
    GIVEN_UP_AFTER,
    MOST_SECRETS,
    MOST_TRIES,
    PAUSES,
    DeliveryState,
    Disabled,
    Following,
    SecretsOverlap,
    SigningSecrets,
    Try,
    TryEnding,
    follows,
)
from tests.webhook_factories import NOW, make_endpoint, make_event, make_untried

ENDPOINT = make_endpoint(endpoint_id="whe_1")
EVENT = make_event(ENDPOINT.partner_id, event_id=UUID(int=7))
DELIVERY = make_untried(ENDPOINT, EVENT)
REF = DELIVERY.ref
FAILED = Try(NOW, 12, TryEnding.ANSWERED, 500)


def test_all_tries_take_three_days_and_some_hours() -> None:
    assert MOST_TRIES == 10
    assert sum(PAUSES, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)


def test_a_success_is_the_end() -> None:
    made = Try(NOW, 12, TryEnding.DELIVERED, 204)

    assert follows(DELIVERY, made) == Following(DeliveryState.DELIVERED)


@pytest.mark.parametrize("tries", range(MOST_TRIES - 1))
def test_a_failure_is_tried_again_after_the_schedules_pause_give_or_take_a_tenth(
    tries: int,
) -> None:
    after = follows(replace(DELIVERY, tries=tries), FAILED)

    assert after.state is DeliveryState.PENDING
    assert after.pause is not None
    assert abs(after.pause / PAUSES[tries] - 1) <= 0.1


def test_two_deliveries_that_fail_together_do_not_come_back_together() -> None:
    pauses = {
        follows(replace(DELIVERY, ref=replace(REF, event_id=UUID(int=n))), FAILED).pause
        for n in range(100)
    }

    assert len(pauses) == 100


@pytest.mark.parametrize(
    ("asked_s", "pause"), [(1.0, None), (3_600.0, 3_600.0), (1e9, 86_400.0), (None, None)]
)
def test_a_receiver_may_ask_for_a_longer_pause_but_for_a_day_at_most(
    asked_s: float | None, pause: float | None
) -> None:
    after = follows(DELIVERY, replace(FAILED, retry_after_s=asked_s))

    ordinary = follows(DELIVERY, FAILED).pause
    assert after.pause == (ordinary if pause is None else timedelta(seconds=pause))


def test_who_is_gone_gets_nothing_any_more() -> None:
    after = follows(DELIVERY, Try(NOW, 12, TryEnding.ANSWERED, 410))

    assert after == Following(DeliveryState.FAILED, disables=Disabled.GONE)


@pytest.mark.parametrize(
    ("failing_for", "disables"),
    [
        (None, None),
        (GIVEN_UP_AFTER - timedelta(seconds=1), None),
        (GIVEN_UP_AFTER, Disabled.FAILING),
    ],
)
def test_after_its_last_try_it_has_failed_and_perhaps_its_endpoint_with_it(
    failing_for: timedelta | None, disables: Disabled | None
) -> None:
    since = NOW - failing_for if failing_for else None
    last = replace(DELIVERY, tries=MOST_TRIES - 1, endpoint=replace(ENDPOINT, failing_since=since))

    assert follows(last, FAILED) == Following(DeliveryState.FAILED, disables=disables)


def test_an_old_secret_signs_until_its_overlap_is_over() -> None:
    secrets = SigningSecrets("new", "old", NOW)

    assert secrets.at(NOW - timedelta(seconds=1)) == ("new", "old")
    assert secrets.at(NOW) == ("new",)
    assert SigningSecrets("new").at(NOW) == ("new",)


def test_a_rotation_shortens_no_overlap_that_was_told() -> None:
    day, hour = timedelta(days=1), timedelta(hours=1)

    second = SigningSecrets("a").rotated("b", NOW, day)
    third = second.rotated("c", NOW + hour, hour)

    assert third.at(NOW + hour) == ("c", "b", "a")
    assert third.at(NOW + 2 * hour) == ("c", "a")
    assert third.at(NOW + day) == ("c",)
    assert third.rotated("d", NOW + day, hour).older == ()
    assert third.rotated("d", NOW + hour, timedelta()).at(NOW + hour) == ("d",)


def test_no_more_than_five_secrets_sign_at_once() -> None:
    secrets = SigningSecrets("0")
    for number in range(1, MOST_SECRETS):
        secrets = secrets.rotated(str(number), NOW, timedelta(hours=1))

    assert secrets.at(NOW) == ("4", "3", "2", "1", "0")
    with pytest.raises(SecretsOverlap):
        secrets.rotated("5", NOW, timedelta(hours=1))
    assert secrets.rotated("5", NOW, timedelta()).at(NOW) == ("5",)
    assert secrets.rotated("5", NOW + timedelta(hours=1), timedelta(hours=1)).at(
        NOW + timedelta(hours=1)
    ) == ("5", "4")
