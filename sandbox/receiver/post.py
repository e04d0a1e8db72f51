"""What came to each receiver, in its order: kept in memory and in the journal."""

import base64
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter

from sandbox.receiver.behaviour import Behaviour

KEPT_PER_NAME: Final = 50_000


@dataclass(frozen=True, slots=True)
class Came:
    """One request, whatever was answered. A body that is no UTF-8 is kept as base64."""

    at: datetime
    receiver: str
    number: int
    headers: Mapping[str, str]
    body: str
    behaviour: Behaviour
    encoding: Literal["utf-8", "base64"] = "utf-8"
    kind: Literal["came"] = "came"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What had come to this name was of no more interest."""

    at: datetime
    receiver: str
    kind: Literal["forgotten"] = "forgotten"


_ADAPTER: Final[TypeAdapter[Came | Forgotten]] = TypeAdapter(
    Annotated[Came | Forgotten, Field(discriminator="kind")]
)


class Post:
    def __init__(self, append: Callable[[bytes], None]) -> None:
        self._append = append
        self._came: dict[str, deque[Came]] = defaultdict(lambda: deque(maxlen=KEPT_PER_NAME))
        self._numbers: dict[str, int] = defaultdict(int)

    def take(
        self,
        name: str,
        at: datetime,
        headers: Mapping[str, str],
        raw: bytes,
        behaviour: Behaviour,
    ) -> Came:
        try:
            came = Came(at, name, self._numbers[name] + 1, headers, raw.decode(), behaviour)
        except UnicodeDecodeError:
            body = base64.b64encode(raw).decode()
            came = Came(at, name, self._numbers[name] + 1, headers, body, behaviour, "base64")
        self._note(came)
        return came

    def forget(self, name: str, at: datetime) -> None:
        self._note(Forgotten(at, name))

    def of(self, name: str, after: int, limit: int) -> list[Came]:
        """The oldest first, those with a number above `after`."""
        found = (each for each in self._came.get(name, ()) if each.number > after)
        return list(islice(found, limit))

    def counts(self) -> dict[str, int]:
        return {name: len(came) for name, came in sorted(self._came.items()) if came}

    def fold(self, fields: Mapping[str, Any]) -> None:
        """Raises ValueError for a line that this program did not write."""
        self._keep(_ADAPTER.validate_python(fields))

    def _note(self, entry: Came | Forgotten) -> None:
        self._append(_ADAPTER.dump_json(entry) + b"\n")
        self._keep(entry)

    def _keep(self, entry: Came | Forgotten) -> None:
        if isinstance(entry, Forgotten):
            # Numbers go on, so that a reader's `after` stays right.
            self._came.pop(entry.receiver, None)
            return
        self._came[entry.receiver].append(entry)
        self._numbers[entry.receiver] = entry.number
