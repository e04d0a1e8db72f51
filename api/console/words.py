"""An operator's word to a workflow. Who they are the console does not know: they sign with a name,
as they do for `cli.py`; but a payout takes the tokens of two (payments.ports.reviewers).
"""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Final, TypeVar

from starlette.exceptions import HTTPException

from api.answers import Refusal
from api.console.asked import Asked
from api.updates import Over, heard
from payments.domain.codes import Code
from payments.domain.operators import NAMELESS, is_operator

Answer = TypeVar("Answer")
WAIT: Final = timedelta(seconds=10)


def operator_of(form: Asked) -> str:
    """Raises HTTPException."""
    name = form.get("by", "")
    if not is_operator(name):
        raise HTTPException(400, NAMELESS)
    return name


async def said(call: Awaitable[Answer], over: Code) -> Answer:
    """What the workflow answers; `over` when it has ended. Raises Refusal or Unheard."""
    try:
        return await heard(call)
    except Over as error:
        raise Refusal(over) from error
