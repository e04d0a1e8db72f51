"""Turns of later tries: so many at once, and how long the others are put off."""

from contextlib import ExitStack

import pytest

from activities.lanes import WIDTH
from activities.turns import LONGEST_PAUSE_S, SHORTEST_PAUSE_S, NotYet, Turns


class Clock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def turns(clock: Clock) -> Turns:
    return Turns(clock)


def put_off(turns: Turns, endpoint_id: str = "whe_a") -> float:
    """How long, in seconds."""
    with pytest.raises(NotYet) as told, turns.taken(endpoint_id):
        pass
    return told.value.pause.total_seconds()


def full(turns: Turns, endpoint_id: str = "whe_a") -> ExitStack:
    """As many tries as there may be, under way until the end of the block."""
    stack = ExitStack()
    for _ in range(WIDTH):
        stack.enter_context(turns.taken(endpoint_id))
    return stack


def test_so_many_are_under_way_at_once_and_another_endpoint_has_its_own(turns: Turns) -> None:
    with full(turns):
        put_off(turns)
        with turns.taken("whe_b"):
            pass

    with full(turns):
        put_off(turns)


def test_a_try_that_breaks_gives_its_turn_back(turns: Turns) -> None:
    for _ in range(WIDTH + 1):
        with pytest.raises(ValueError, match="broken"), turns.taken("whe_a"):
            raise ValueError("broken")


def test_they_come_again_as_fast_as_the_endpoint_answers(turns: Turns, clock: Clock) -> None:
    with full(turns):
        clock.now_s += 16

    with full(turns):
        assert [put_off(turns) for _ in range(3)] == [2, 4, 6]
        clock.now_s += 4
        assert put_off(turns) == 4


def test_a_pause_is_neither_too_short_nor_too_long(turns: Turns, clock: Clock) -> None:
    with full(turns):
        assert put_off(turns) == SHORTEST_PAUSE_S
        clock.now_s += 15
    with full(turns):
        pauses = [put_off(turns) for _ in range(1_000)]
        assert pauses[-1] == LONGEST_PAUSE_S

        # Nobody was at it for a while: the line begins anew.
        clock.now_s += LONGEST_PAUSE_S
        assert put_off(turns) == 15 / WIDTH
