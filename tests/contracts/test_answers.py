"""The promises of ports.answers.AnswerStore, for PostgreSQL and for the fake."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from payments.adapters.postgres.answers import PostgresAnswers
from payments.db.session import Database
from payments.ports.answers import AnswerStore, ClaimState, Scope, StoredAnswer
from tests.contracts.direct import Direct
from tests.fakes.answers import FakeAnswers

Later = Callable[[Scope, timedelta], Awaitable[None]]
LEASE, DAY, MOMENT = timedelta(seconds=5), timedelta(hours=24), timedelta(seconds=4.5)
THIS, ANOTHER = b"this request".ljust(32), b"another request".ljust(32)


@pytest.fixture(params=["postgres", "fake"])
def answers(request: pytest.FixtureRequest, database: Database) -> AnswerStore:
    return FakeAnswers() if request.param == "fake" else PostgresAnswers(database)


@pytest.fixture
def later(answers: AnswerStore, direct: Direct) -> Later:
    """Let time pass for a key."""

    async def pass_time(scope: Scope, by: timedelta) -> None:
        if isinstance(answers, FakeAnswers):
            answers.ahead += by
        else:
            await direct.run(
                f"""UPDATE idempotency SET claimed_at = claimed_at - interval '{by}',
                    expires_at = expires_at - interval '{by}'
                WHERE key = '{scope.key}'"""
            )

    return pass_time


@pytest.fixture
def scope() -> Scope:
    return Scope("partner_1", "POST /bill/pay", str(uuid4()))


def make_answer(trace: str = "partner_1.20260430T082114123Z.7K3Q9XW2") -> StoredAnswer:
    return StoredAnswer(
        http_status=200,
        headers=(("content-type", "application/json"), ("x", "2"), ("x", "1"), ("é", "\t")),
        body=bytes(range(256)),
        trace=trace,
        code="P0000",
    )


async def test_the_first_request_claims_and_the_next_finds_it_in_flight(
    answers: AnswerStore, scope: Scope
) -> None:
    assert await answers.claim(scope, THIS) is ClaimState.CLAIMED
    assert await answers.claim(scope, THIS) is ClaimState.IN_FLIGHT


async def test_of_two_hundred_at_once_one_claims(answers: AnswerStore, scope: Scope) -> None:
    states = await asyncio.gather(*(answers.claim(scope, THIS) for _ in range(200)))

    assert states.count(ClaimState.CLAIMED) == 1
    assert states.count(ClaimState.IN_FLIGHT) == 199


async def test_the_kept_answer_comes_back_byte_for_byte(answers: AnswerStore, scope: Scope) -> None:
    answer = make_answer()
    await answers.claim(scope, THIS)

    assert await answers.keep(scope, answer) == answer

    assert await answers.claim(scope, THIS) == answer


async def test_another_request_under_the_key_is_a_mismatch_before_and_after_the_answer(
    answers: AnswerStore, scope: Scope
) -> None:
    await answers.claim(scope, THIS)
    assert await answers.claim(scope, ANOTHER) is ClaimState.MISMATCH

    await answers.keep(scope, make_answer())
    assert await answers.claim(scope, ANOTHER) is ClaimState.MISMATCH


async def test_a_key_belongs_to_its_partner_and_its_route(
    answers: AnswerStore, scope: Scope
) -> None:
    await answers.claim(scope, THIS)

    for other in (
        Scope("partner_2", scope.route, scope.key),
        Scope(scope.partner_id, "POST /bill/lock", scope.key),
    ):
        assert await answers.claim(other, ANOTHER) is ClaimState.CLAIMED


async def test_a_dropped_claim_is_free_for_the_same_and_for_another_request(
    answers: AnswerStore, scope: Scope
) -> None:
    for fingerprint in (THIS, THIS, ANOTHER, THIS):
        assert await answers.claim(scope, fingerprint) is ClaimState.CLAIMED
        await answers.drop(scope)


async def test_of_many_that_retry_a_dropped_claim_at_once_one_claims(
    answers: AnswerStore, scope: Scope
) -> None:
    await answers.claim(scope, THIS)
    await answers.drop(scope)

    states = await asyncio.gather(*(answers.claim(scope, THIS) for _ in range(100)))

    assert states.count(ClaimState.CLAIMED) == 1


async def test_an_answer_that_was_kept_is_not_dropped(answers: AnswerStore, scope: Scope) -> None:
    await answers.claim(scope, THIS)
    await answers.keep(scope, make_answer())

    await answers.drop(scope)

    assert await answers.claim(scope, THIS) == make_answer()


async def test_the_answer_kept_first_stands_and_the_second_owner_is_told(
    answers: AnswerStore, scope: Scope
) -> None:
    await answers.claim(scope, THIS)
    first, second = make_answer("first"), make_answer("second")
    await answers.keep(scope, first)

    assert await answers.keep(scope, second) == first
    assert await answers.claim(scope, THIS) == first


async def test_a_claim_whose_owner_vanished_is_taken_over_by_the_same_request(
    answers: AnswerStore, scope: Scope, later: Later
) -> None:
    await answers.claim(scope, THIS)
    await later(scope, LEASE - MOMENT)
    assert await answers.claim(scope, THIS) is ClaimState.IN_FLIGHT

    await later(scope, MOMENT)

    assert await answers.claim(scope, ANOTHER) is ClaimState.MISMATCH
    assert await answers.claim(scope, THIS) is ClaimState.CLAIMED


async def test_of_many_that_take_a_vanished_owners_claim_at_once_one_gets_it(
    answers: AnswerStore, scope: Scope, later: Later
) -> None:
    await answers.claim(scope, THIS)
    await later(scope, LEASE)

    states = await asyncio.gather(*(answers.claim(scope, THIS) for _ in range(200)))

    assert states.count(ClaimState.CLAIMED) == 1
    assert states.count(ClaimState.IN_FLIGHT) == 199


async def test_a_slow_first_owner_can_still_keep_after_a_second_one_dropped(
    answers: AnswerStore, scope: Scope, later: Later
) -> None:
    await answers.claim(scope, THIS)
    await later(scope, LEASE)
    await answers.claim(scope, THIS)

    await answers.drop(scope)
    await answers.keep(scope, make_answer())

    assert await answers.claim(scope, THIS) == make_answer()


@pytest.mark.parametrize("answered", [False, True])
async def test_after_a_day_the_key_is_new(
    answered: bool, answers: AnswerStore, scope: Scope, later: Later
) -> None:
    await answers.claim(scope, THIS)
    if answered:
        await answers.keep(scope, make_answer())

    await later(scope, DAY)

    assert await answers.claim(scope, ANOTHER) is ClaimState.CLAIMED
    assert await answers.claim(scope, ANOTHER) is ClaimState.IN_FLIGHT


async def test_an_answer_is_kept_for_a_day(
    answers: AnswerStore, scope: Scope, later: Later
) -> None:
    await answers.claim(scope, THIS)
    await answers.keep(scope, make_answer())

    await later(scope, DAY - timedelta(minutes=1))

    await answers.purge(1000)
    assert await answers.claim(scope, THIS) == make_answer()


async def test_what_has_expired_is_purged(answers: AnswerStore, scope: Scope, later: Later) -> None:
    await answers.claim(scope, THIS)
    await later(scope, DAY)

    assert await answers.purge(1) == 1
    assert await answers.purge(1) == 0


class TestInPostgres:
    async def test_claim_replay_and_keep_are_one_statement_each(
        self, database: Database, direct: Direct, scope: Scope
    ) -> None:
        answers = PostgresAnswers(database)
        direct.forget_calls()
        await answers.claim(scope, THIS)
        await answers.keep(scope, make_answer())

        for _ in range(8):
            await answers.claim(scope, THIS)

        assert sorted((await direct.calls()).values()) == [1, 9]

    async def test_a_replay_writes_nothing(
        self, database: Database, direct: Direct, scope: Scope
    ) -> None:
        answers = PostgresAnswers(database)
        await answers.claim(scope, THIS)
        await answers.keep(scope, make_answer())
        before = await direct.value("SELECT xmax FROM idempotency WHERE key = $1", scope.key)

        await answers.claim(scope, THIS)

        assert before == await direct.value(
            "SELECT xmax FROM idempotency WHERE key = $1", scope.key
        )

    async def test_a_purge_deletes_the_expired_in_batches_and_waits_for_nobody(
        self, database: Database, direct: Direct
    ) -> None:
        answers = PostgresAnswers(database)
        route = f"POST /{uuid4()}"
        for number in range(5):
            await answers.claim(Scope("partner_1", route, str(number)), THIS)
        await direct.run(f"UPDATE idempotency SET expires_at = now() WHERE route = '{route}'")

        async with direct.connection() as busy, busy.transaction():
            await busy.execute(
                f"SELECT FROM idempotency WHERE route = '{route}' AND key = '0' FOR UPDATE"
            )
            assert [await answers.purge(3) for _ in range(3)] == [3, 1, 0]
        assert await answers.purge(3) == 1
