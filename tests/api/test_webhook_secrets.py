"""A secret rotates with an overlap, and a repeated rotation is one rotation."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from payments.adapters.postgres.endpoints import PostgresEndpoints
from payments.bootstrap import open_record
from payments.config import Settings
from payments.domain.webhook import SigningSecrets
from tests.api.hooks import Hooks
from tests.evidence import Evidence
from tests.patience import persistently
from tests.running_gateway import Answer, RunningGateway, new_id

LONGEST = 604_800


async def kept(gateway: RunningGateway, hooks: Hooks, endpoint: dict[str, str]) -> SigningSecrets:
    """As the sender finds them."""
    async with open_record(Settings.of(gateway.environment)) as record:
        endpoints: PostgresEndpoints = record.endpoints
        found = await endpoints.secrets(hooks.partner.key.id, endpoint["id"])
    assert found is not None
    return found


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("body", "overlap_s"), [({}, 86_400), ({"overlapSeconds": LONGEST}, LONGEST)]
)
async def test_both_secrets_sign_until_the_overlap_is_over(
    gateway: RunningGateway, hooks: Hooks, body: dict[str, int], overlap_s: int
) -> None:
    made = await hooks.added()

    rotated = (await hooks.do("rotate-secret", made, body)).data

    secrets, until = await kept(gateway, hooks, made), moment(rotated["previousUntil"])
    assert rotated["secret"] != made["secret"]
    assert rotated["id"] == made["id"]
    assert abs(until - datetime.now(UTC) - timedelta(seconds=overlap_s)) < timedelta(seconds=20)
    assert secrets.at(until - timedelta(seconds=overlap_s)) == (rotated["secret"], made["secret"])
    assert secrets.at(until - timedelta(seconds=1)) == (rotated["secret"], made["secret"])
    assert secrets.at(until + timedelta(seconds=1)) == (rotated["secret"],)


async def test_a_leaked_secret_signs_nothing_any_more(
    gateway: RunningGateway, hooks: Hooks
) -> None:
    made = await hooks.added()

    rotated = (await hooks.do("rotate-secret", made, {"overlapSeconds": 0})).data

    secrets = await kept(gateway, hooks, made)
    assert secrets.at(moment(rotated["previousUntil"]) + timedelta(milliseconds=1)) == (
        rotated["secret"],
    )


async def test_each_rotation_makes_another_secret(hooks: Hooks) -> None:
    made = await hooks.added()

    secrets = [(await hooks.do("rotate-secret", made, {})).data["secret"] for _ in range(3)]

    assert len({made["secret"], *secrets}) == 4


async def test_every_secret_that_was_handed_out_signs_until_its_own_end_whoever_rotates_at_once(
    gateway: RunningGateway, hooks: Hooks
) -> None:
    made = await hooks.added()

    async def rotate(key: str) -> Answer:
        return await persistently(lambda: hooks.do("rotate-secret", made, {}, key=key))

    rotated = await asyncio.gather(*(rotate(new_id("KEY")) for _ in range(4)))

    secrets = await kept(gateway, hooks, made)
    handed = {made["secret"], *(each.data["secret"] for each in rotated)}
    first_end = min(moment(each.data["previousUntil"]) for each in rotated)
    assert len(handed) == 5
    assert set(secrets.at(first_end - timedelta(seconds=1))) == handed


async def test_no_more_than_five_sign_at_once_and_a_leak_ends_all_but_the_new_one(
    gateway: RunningGateway, hooks: Hooks
) -> None:
    made = await hooks.added()
    for _ in range(4):
        last = await hooks.do("rotate-secret", made, {})

    refused = await hooks.do("rotate-secret", made, {})
    assert (refused.code, refused.data["field"]) == ("P5003", "overlapSeconds")
    assert (await kept(gateway, hooks, made)).current == last.data["secret"]
    leaked = (await hooks.do("rotate-secret", made, {"overlapSeconds": 0})).data

    secrets = await kept(gateway, hooks, made)
    end = moment(leaked["previousUntil"]) + timedelta(milliseconds=1)
    assert secrets.at(end) == (leaked["secret"],)


async def test_a_key_rotates_once(gateway: RunningGateway, hooks: Hooks) -> None:
    made, key = await hooks.added(), new_id("KEY")

    first, again = [await hooks.do("rotate-secret", made, {}, key=key) for _ in range(2)]

    assert (first.code, again.content) == ("P0000", first.content)
    secrets = await kept(gateway, hooks, made)
    assert (secrets.current, secrets.previous) == (first.data["secret"], made["secret"])


@pytest.mark.parametrize("overlap_s", [0, 60])
async def test_a_rotation_that_died_before_its_answer_is_not_done_twice(
    gateway: RunningGateway, hooks: Hooks, evidence: Evidence, overlap_s: int
) -> None:
    """Twice, the secret that the partner still verifies with would be gone."""
    made, key, body = await hooks.added(), new_id("KEY"), {"overlapSeconds": overlap_s}
    first = await hooks.do("rotate-secret", made, body, key=key)
    await evidence.rows("DELETE FROM idempotency WHERE key = $1", key)

    again = await hooks.do("rotate-secret", made, body, key=key)

    assert again.data == first.data
    assert (await kept(gateway, hooks, made)).previous == made["secret"]


async def test_the_same_key_rotates_anew_once_something_else_has_rotated(
    hooks: Hooks, evidence: Evidence
) -> None:
    """A secret that was rotated out never comes back."""
    made, key = await hooks.added(), new_id("KEY")
    first = await hooks.do("rotate-secret", made, {}, key=key)
    second = await hooks.do("rotate-secret", made, {})
    await evidence.rows("DELETE FROM idempotency WHERE key = $1", key)

    third = await hooks.do("rotate-secret", made, {}, key=key)

    secrets = {each.data["secret"] for each in (first, second, third)}
    assert len(secrets | {made["secret"]}) == 4


REFUSED = [
    (-1, "P5003"),
    (LONGEST + 1, "P5003"),
    (10**30, "P5003"),
    ("60", "P5002"),
    (1.5, "P5002"),
    (60.0, "P5002"),
    (True, "P5002"),
    (None, "P5002"),
    ([], "P5002"),
]


@pytest.mark.parametrize(("overlap", "code"), REFUSED)
async def test_an_overlap_is_a_whole_number_of_seconds_up_to_a_week(
    gateway: RunningGateway, hooks: Hooks, overlap: object, code: str
) -> None:
    made = await hooks.added()

    answer = await hooks.do("rotate-secret", made, {"overlapSeconds": overlap})

    assert (answer.code, answer.data["field"]) == (code, "overlapSeconds")
    assert (await kept(gateway, hooks, made)).current == made["secret"]
