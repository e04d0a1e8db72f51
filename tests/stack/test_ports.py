"""Which ports a stack takes."""

import socket
from collections.abc import Iterator

import pytest

from payments.stack import ports
from payments.stack.ports import DEFAULTS, PortsRefused, Replaced, choose, free_port


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_busy_port_is_replaced_by_a_free_one_and_said(busy_port: int) -> None:
    chosen = choose(f"api={busy_port}")

    assert chosen["api"] != busy_port
    assert ports.is_free(chosen["api"])
    assert Replaced("api", busy_port, chosen["api"]) in chosen.replaced


def test_auto_takes_a_different_free_port_for_each() -> None:
    chosen = choose("auto")

    assert set(chosen.by_name) == set(DEFAULTS)
    assert len(set(chosen.by_name.values())) == len(DEFAULTS)
    assert chosen.replaced == ()


def test_auto_takes_the_ports_of_last_time_again() -> None:
    first = choose("auto")

    assert choose("auto", first.by_name).by_name == first.by_name


def test_a_wish_goes_before_another_parts_default() -> None:
    wanted = free_port()

    chosen = choose(f"biller={wanted},postgres={free_port({wanted})}")

    assert chosen["biller"] == wanted


def test_a_wish_for_another_parts_default_moves_that_part() -> None:
    chosen = choose(f"postgres={DEFAULTS['sandbox']}")

    if chosen["postgres"] == DEFAULTS["sandbox"]:  # Unless this machine has it in use.
        assert chosen["sandbox"] != DEFAULTS["sandbox"]
    assert len(set(chosen.by_name.values())) == len(DEFAULTS)


@pytest.mark.parametrize(
    "wish", ["api", "api=", "api=x", "api=0", "api=65536", "api=٨٠", "web=80", "api=81,operator=81"]
)
def test_a_wish_that_cannot_be_understood_is_refused(wish: str) -> None:
    with pytest.raises(PortsRefused, match=wish.rsplit(",", maxsplit=1)[-1]):
        choose(wish)
