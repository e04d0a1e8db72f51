"""From a verified answer's bytes to typed values: the envelope, and the fields of its data."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final, Self, TypeVar

import httpx2

from quittance.errors import ApiError, UnreadableAnswer
from quittance.kinds import kind_of

State = TypeVar("State", bound=StrEnum)

_AMOUNT: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fields:
    """The members of one JSON object, read by name and type. Raises UnreadableAnswer.

    Members nobody asks for are left alone: a newer gateway may say more.
    """

    members: Mapping[str, object]

    @classmethod
    def of(cls, value: object) -> Self:
        if not isinstance(value, dict):
            raise UnreadableAnswer("an object was expected in the answer")
        return cls(value)

    def has(self, name: str) -> bool:
        return self.members.get(name) is not None

    def text(self, name: str) -> str:
        value = self.members.get(name)
        if not isinstance(value, str):
            raise self._unreadable(name, "text")
        return value

    def number(self, name: str) -> int:
        value = self.members.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._unreadable(name, "a whole number")
        return value

    def flag(self, name: str) -> bool:
        value = self.members.get(name)
        if not isinstance(value, bool):
            raise self._unreadable(name, "true or false")
        return value

    def inner(self, name: str) -> "Fields":
        return Fields.of(self.members.get(name))

    def rows(self, name: str) -> "tuple[Fields, ...]":
        value = self.members.get(name)
        if not isinstance(value, list):
            raise self._unreadable(name, "a list")
        return tuple(Fields.of(each) for each in value)

    def words(self, name: str) -> tuple[str, ...]:
        value = self.members.get(name)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._unreadable(name, "a list of texts")
        return tuple(value)

    def texts(self, name: str) -> Mapping[str, str]:
        """An object of texts, such as metadata."""
        inner = self.inner(name)
        return {each: inner.text(each) for each in inner.members}

    def amount(self, name: str) -> Decimal:
        """Only a decimal string: a JSON number may have lost a cent on its way."""
        value = self.members.get(name)
        if not isinstance(value, str) or _AMOUNT.fullmatch(value) is None:
            raise self._unreadable(name, "a decimal string")
        return Decimal(value)

    def moment(self, name: str) -> datetime:
        try:
            moment = datetime.fromisoformat(self.text(name))
        except ValueError:
            raise self._unreadable(name, "a time stamp") from None
        if moment.tzinfo is None:
            raise self._unreadable(name, "a time stamp with its zone")
        return moment

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise self._unreadable(name, "a date") from None

    def state(self, name: str, states: type[State]) -> State:
        try:
            return states(self.text(name))
        except ValueError:
            raise self._unreadable(name, f"one of {', '.join(states)}") from None

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if self.has(name) else None

    def optional_amount(self, name: str) -> Decimal | None:
        return self.amount(name) if self.has(name) else None

    def optional_moment(self, name: str) -> datetime | None:
        return self.moment(name) if self.has(name) else None

    @staticmethod
    def _unreadable(name: str, wanted: str) -> UnreadableAnswer:
        # The value itself is not quoted: errors end in logs, and answers hold people's names.
        return UnreadableAnswer(f"the answer's {name} is not {wanted}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every answer of the gateway is wrapped in."""

    http_status: int
    status: str
    code: str
    message: str
    data: Mapping[str, object]
    trace: str
    retry_after_s: float | None
    # Of the one answer that is a file, and has no envelope of its own.
    content: bytes | None = None

    @classmethod
    def of_file(cls, response: httpx2.Response) -> Self:
        trace = response.headers.get("quittance-trace", "")
        file = response.content
        return cls(response.status_code, "OK", "P0000", "", {}, trace, None, file)

    @classmethod
    def read(cls, response: httpx2.Response, now_s: float) -> Self:
        fields = Fields.of(_json(response.content))
        if (status := fields.text("status")) not in {"OK", "PENDING", "ERROR"}:
            raise UnreadableAnswer("the answer's status is not OK, PENDING or ERROR")
        return cls(
            http_status=response.status_code,
            status=status,
            code=fields.text("code"),
            message=fields.text("message"),
            data=Fields.of(fields.members["data"]).members if fields.has("data") else {},
            trace=fields.text("trace"),
            retry_after_s=_retry_after_s(response.headers.get("retry-after"), now_s),
        )

    @property
    def fields(self) -> Fields:
        return Fields(self.data)

    def refusal(self) -> ApiError | None:
        """What to raise, if the answer is a no."""
        if self.status != "ERROR":
            return None
        kind = kind_of(self.code)
        return kind(
            self.code, self.http_status, self.message, self.data, self.trace, self.retry_after_s
        )


def _json(content: bytes) -> object:
    try:
        value: object = json.loads(content)
    except (ValueError, RecursionError):
        raise UnreadableAnswer("the answer is not JSON") from None
    return value


def _retry_after_s(header: str | None, now_s: float) -> float | None:
    """Seconds, or an HTTP date; anything else counts as not said."""
    if header is None:
        return None
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now_s)
    except ValueError:
        return None
