"""What the routes work with, in one typed object that the app puts together once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request

from api.access import Access
from api.lock_tokens import LockTokens
from api.locks import LockDesk
from api.lookups import Lookups
from payments.domain.codes import Code
from payments.keys import KeyRing
from payments.ports.answers import AnswerStore
from payments.ports.partners import Partners
from payments.ports.transactions import Transactions


@dataclass(frozen=True, slots=True)
class Desk:
    access: Access
    answers: AnswerStore
    partners: Partners
    transactions: Transactions
    locks: LockDesk
    lock_tokens: LockTokens
    lookups: Lookups
    key_rings: tuple[KeyRing, ...]
    ready: Callable[[], Awaitable[Code | None]]


def desk_of(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk), "the app was not opened"
    return desk
