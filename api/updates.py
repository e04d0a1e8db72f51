"""Listening to a workflow's doors: an answer, a refusal, a door that closed, or silence."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, Final, TypeVar

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.workflow import UpdateMethodMultiParam

from api.answers import Refusal
from payments.domain.codes import Code

Answer = TypeVar("Answer")
_UNAVAILABLE: Final = 503


class Over(Exception):
    """The workflow is closed, or closed under our update: the record tells the rest."""


class Unheard(Exception):
    """We did not hear. What was asked may have happened all the same."""


async def heard(call: Awaitable[Answer]) -> Answer:
    """Wait for an update's answer. Raises Refusal for the workflow's own "no", Over, or Unheard."""
    try:
        return await call
    except WorkflowAlreadyStartedError as error:
        raise Over from error
    except WorkflowUpdateFailedError as error:
        if is_lost(error):
            raise Over from error
        code = code_of(error)
        wait_s = 1 if code.meaning.http_status == _UNAVAILABLE else None
        raise Refusal(code, retry_after_s=wait_s) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        raise Unheard from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise Over from error
        raise Unheard from error


async def started(
    client: Client,
    operation: WithStartWorkflowOperation[Any, Any],
    door: UpdateMethodMultiParam[Any, Answer],
    *arguments: Any,
    update: str,
    wait: timedelta,
) -> Answer:
    """Start a workflow, or find it, and wait for what it answers at this door, as `heard`."""
    try:
        return await heard(
            client.execute_update_with_start_workflow(
                door,
                args=arguments,
                start_workflow_operation=operation,
                id=update,
                rpc_timeout=wait,
            )
        )
    finally:
        # Its failure is the update's; unread, it would be logged a second time.
        await asyncio.gather(operation.workflow_handle(), return_exceptions=True)


def is_lost(error: WorkflowUpdateFailedError) -> bool:
    """The workflow closed under an accepted update: its outcome is in the record, or nowhere."""
    cause = error.cause
    return isinstance(cause, ApplicationError) and cause.type == "AcceptedUpdateCompletedWorkflow"


def code_of(error: WorkflowUpdateFailedError) -> Code:
    """The workflow's refusals carry their code as the failure's type."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type in set(Code):
        return Code(cause.type)
    raise error
