"""Card numbers nobody has, in every place of every request that the document tells of.

Every place gets the plain number and one of the other ways of writing it, by turns: which writings
are card numbers is one rule before all routes, held in tests/unit/test_card_numbers.py.
"""

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

from tests.batch_files import CSV, HEADER

# Otherwise good requests: what the guard let through would get as far as it can.
VALID: Final[Mapping[str, Any]] = {
    "billerId": "DESCO",
    "billNumber": "1234567800",
    "billingPeriod": "2026-04",
    "lockToken": "A" * 120,
    "transactionId": "ORDER-1",
    "amount": "10.00",
    "currency": "BDT",
    "reference": "ORDER-1",
    "paymentMethodToken": "tok_canary",
    "metadata": {"note": "x"},
}
HEADERS: Final = ("User-Agent", "Idempotency-Key", "X-Request-Id", "Cookie", "Referer", "X-Free")


@dataclass(frozen=True, slots=True)
class Probe:
    """One request. `is_foreign`: in a provider's own words, which are redacted when kept."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    is_foreign: bool = False


@dataclass(frozen=True)
class Canary:
    """A Visa number that is random, so that whoever finds it has found this very request."""

    number: str

    @classmethod
    def made(cls) -> "Canary":
        stem = f"4{secrets.randbelow(10**14):014d}"
        total = 0
        for place, digit in enumerate(reversed(stem)):
            value = int(digit) * (2 - place % 2)
            total += value - 9 if value > 9 else value
        return cls(stem + str(-total % 10))

    @property
    def groups(self) -> list[str]:
        return [self.number[at : at + 4] for at in range(0, 16, 4)]

    @property
    def full_width(self) -> str:
        return "".join(chr(0xFF10 + int(digit)) for digit in self.number)

    @property
    def percent(self) -> str:
        return "".join(f"%3{digit}" for digit in self.number)

    @property
    def escaped(self) -> str:
        return "".join(f"\\u003{digit}" for digit in self.number)

    @property
    def written(self) -> Iterator[str]:
        yield self.number
        for between in " -./":
            yield between.join(self.groups)
        yield f"PAN{self.number}"
        yield self.full_width

    def by_turns(self, turn: int) -> list[str]:
        plain, *others = self.written
        return [plain, others[turn % len(others)]]

    @cached_property
    def traces(self) -> list[bytes]:
        """Everything that would give it away in a file."""
        return [
            *(each.encode() for each in self.written),
            *(each.encode() for each in (self.percent, self.escaped, " ".join(self.number))),
            self.full_width.encode("unicode_escape"),
            self.full_width.encode("utf-16-le"),
            self.number.encode("utf-16-le"),
            quote(self.full_width).encode(),
            # The middle is the secret part: what shows the first six and the last four is allowed.
            self.number[3:].encode(),
        ]


def probes(document: Mapping[str, Any], canary: Canary) -> Iterator[Probe]:
    every = [(path, *each) for path, there in document["paths"].items() for each in there.items()]
    for turn, (path, method, operation) in enumerate(every):
        is_foreign = bool(operation.get("x-card-numbers-redacted"))
        body = _body(document, operation)
        for probe in _of_route(method.upper(), path, body, operation, canary, turn):
            in_target = any(
                each in probe[1] for each in (*map(quote, canary.written), canary.percent)
            )
            yield Probe(*probe, is_foreign=is_foreign and not in_target)


def _of_route(
    method: str,
    path: str,
    body: dict[str, Any] | None,
    operation: Mapping[str, Any],
    canary: Canary,
    turn: int,
) -> Iterator[tuple[str, str, dict[str, str], bytes]]:
    named = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
    plain = path
    for name in named:
        plain = plain.replace(f"{{{name}}}", "NORTH" if "provider" in name else "pay_" + "0" * 26)
    content = json.dumps(body).encode() if body is not None else b""
    kind = {"Content-Type": "application/json"} if content else {}
    for written in canary.by_turns(turn):
        value = quote(written)
        for name in named:
            yield (
                method,
                path.replace(f"{{{name}}}", value).replace("{", "").replace("}", ""),
                kind,
                b"",
            )
        yield method, f"{plain}/{value}", kind, content
        parameters = [each["name"] for each in operation["parameters"] if each["in"] == "query"]
        for name in [*parameters, "unknown"]:
            if not _has_a_format(name, written):
                yield method, f"{plain}?{name}={value}", kind, content
        yield method, f"{plain}?{value}=1", kind, content
        if written.isascii():
            for header in HEADERS:
                yield method, plain, kind | {header: written}, content
    yield method, f"{plain}?unknown={canary.percent}", kind, content
    for changed in () if body is None else _bodies(body, canary, turn):
        yield method, plain, kind, changed
    for rows in _rows(canary) if CSV in _media_types(operation) else ():
        yield method, f"{plain}?reference=CANARY", {"Content-Type": CSV}, rows


def _bodies(body: dict[str, Any], canary: Canary, turn: int) -> Iterator[bytes]:
    for written in canary.by_turns(turn):
        for name in [*body, "unknown"]:
            if not _has_a_format(name, written):
                yield json.dumps(body | {name: written}).encode()
                yield json.dumps(body | {name: written}, ensure_ascii=False).encode()
        yield json.dumps(body | {"metadata": {"a": "b", "deep": {"note": [written]}}}).encode()
        yield json.dumps(body | {"metadata": {written: "b"}}).encode()
        yield json.dumps(body).encode()[:-1] + f', "cut": "{written}'.encode()
        yield written.encode()
    for text in (canary.number, f'"{canary.escaped}"', f"-{canary.number}", f"{canary.number}.0"):
        yield json.dumps(body).encode()[:-1] + f', "unknown": {text}}}'.encode()
    halves = {"first": canary.number[:8], "second": canary.number[8:]}
    yield json.dumps(body | {"metadata": halves}).encode()


def _rows(canary: Canary) -> Iterator[bytes]:
    columns = HEADER.split(",")
    for written in canary.written:
        for name in columns:
            if not _has_a_format(name, written):
                row = {**VALID, name: written}
                yield f"{HEADER}\n{','.join(str(row[each]) for each in columns)}\n".encode()
        yield f"{HEADER},{written}\n".encode()


def _has_a_format(name: str, written: str) -> bool:
    """A biller may have such a bill number, and a partner may ask for such an amount."""
    if name == "billNumber":
        return re.fullmatch("[A-Za-z0-9-]+", written, re.ASCII) is not None
    return name == "amount" and written.isascii() and written.isdigit()


def _media_types(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    types: Mapping[str, Any] = operation.get("requestBody", {}).get("content", {})
    return types


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> dict[str, Any] | None:
    """A body with every field of the shape, good as far as the names tell."""
    if "application/json" not in _media_types(operation):
        # A file of evidence is the partner's own document: docs/disputes.md says what is not in it.
        return None
    shape = operation["requestBody"]["content"]["application/json"]["schema"]
    if "$ref" in shape:
        shape = document["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    return {name: VALID.get(name, "x") for name in shape.get("properties", {})}
