"""Knocking at a batch's workflow: apart, because the engine's client takes a second to load."""

from datetime import timedelta
from typing import Final

from temporalio.service import RPCError

from payments import temporal
from payments.domain import ids
from payments.domain.batch import MoveAnswer

_ANSWER_TIMEOUT: Final = timedelta(seconds=15)


async def ask(batch_id: str, door: str) -> MoveAnswer:
    """`pause`, `resume` or `cancel`. Raises LookupError when nobody opens."""
    client = await temporal.connect()
    handle = client.get_workflow_handle(ids.batch(batch_id))
    try:
        answer: MoveAnswer = await handle.execute_update(
            door, result_type=MoveAnswer, rpc_timeout=_ANSWER_TIMEOUT
        )
    except RPCError as error:
        raise LookupError(f"{batch_id} is over, or nobody answers: {error}") from None
    return answer
