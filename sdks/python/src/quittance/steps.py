"""The language between logic and I/O: a program yields steps, a driver performs them.

All logic of this package is written once, as generators of these three steps; the synchronous and
the asynchronous driver differ only in how they wait.
"""

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeAlias, TypeVar

import httpx2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send it and read the whole answer. Fails with httpx2.RequestError."""

    request: httpx2.Request


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


class Lock(Enum):
    """Whoever holds TOKEN may take KEYS, never the other way round."""

    TOKEN = auto()
    KEYS = auto()


@dataclass(frozen=True, slots=True)
class Alone:
    """Perform the program while no other call performs one under the same lock."""

    lock: Lock
    program: "Program[Any]"


Step: TypeAlias = Send | Pause | Alone
Program: TypeAlias = Generator[Step, Any, T]


def send(request: httpx2.Request) -> Program[httpx2.Response]:
    response: httpx2.Response = yield Send(request)
    return response


def alone(lock: Lock, program: Program[T]) -> Program[T]:
    result: T = yield Alone(lock, program)
    return result
