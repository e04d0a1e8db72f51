"""Choose the ports of the stack: the wanted one, the one used last time, or a free one."""

import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass

LOCALHOST = "127.0.0.1"

DEFAULTS: Mapping[str, int] = {
    "api": 8080,
    "operator": 8081,
    "temporal": 7233,
    "temporal-ui": 8233,
    "sandbox": 8090,
    "biller": 8091,
    "acquirer": 8092,
    "receiver": 8093,
    "postgres": 5433,
}

# Below the range from which Linux (32768–) and macOS (49152–) take the local ends of outgoing
# connections: a port chosen here is not lost to one of them before its server listens.
_FREE_RANGE = range(20_000, 32_000)


class PortsRefused(ValueError):
    """The `--ports` option cannot be understood."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A port we wanted and could not have."""

    name: str
    wanted: int
    given: int


@dataclass(frozen=True, slots=True)
class Ports:
    """One port per listener of the stack."""

    by_name: Mapping[str, int]
    replaced: tuple[Replaced, ...] = ()

    def __getitem__(self, name: str) -> int:
        return self.by_name[name]

    def url(self, name: str) -> str:
        return f"http://{LOCALHOST}:{self.by_name[name]}"

    def address(self, name: str) -> str:
        return f"{LOCALHOST}:{self.by_name[name]}"


def choose(wish: str | None, last_used: Mapping[str, int] | None = None) -> Ports:
    """Fulfil `api=8080,postgres=5433`, `auto`, or nothing; every result is free right now."""
    asked = {} if wish == "auto" else _parse(wish or "")
    wanted = asked if wish == "auto" else {**DEFAULTS, **asked}
    last = last_used or {}
    given: dict[str, int] = {}
    replaced: list[Replaced] = []
    # What was asked for by name comes first, so that a mere default never takes it away.
    for name in sorted(DEFAULTS, key=lambda name: name not in asked):
        candidates = [port for port in (wanted.get(name), last.get(name)) if port is not None]
        taken = set(given.values())
        port = next((one for one in candidates if _usable(one, taken)), None) or free_port(taken)
        if name in wanted and port != wanted[name]:
            replaced.append(Replaced(name, wanted[name], port))
        given[name] = port
    return Ports(given, tuple(replaced))


def free_port(taken: set[int] | None = None) -> int:
    """A port nobody listens on at this moment."""
    avoid = taken or set()
    for _ in range(1_000):
        port = random.choice(_FREE_RANGE)  # noqa: S311 - nothing secret about a port
        if _usable(port, avoid):
            return port
    raise OSError("no free port was found")


def _usable(port: int, taken: set[int]) -> bool:
    return port not in taken and is_free(port)


def is_free(port: int) -> bool:
    # Both kinds of binding are tried: a server on all addresses also takes our localhost port.
    for host in (LOCALHOST, "0.0.0.0"):  # noqa: S104 - bound for a moment, never listened on
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def _parse(wish: str) -> dict[str, int]:
    chosen: dict[str, int] = {}
    for item in filter(None, (part.strip() for part in wish.split(","))):
        name, equals, number = item.partition("=")
        if not equals or name not in DEFAULTS:
            known = ", ".join(DEFAULTS)
            raise PortsRefused(f"{item!r} is not name=port; the names are {known}, or say auto")
        if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= 65_535:
            raise PortsRefused(f"{item!r}: a port is a number from 1 to 65535")
        if int(number) in chosen.values():
            raise PortsRefused(f"{item!r}: this port was already given to another part")
        chosen[name] = int(number)
    return chosen
