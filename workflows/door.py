"""An update with a name and a description, typed: the SDK's own hints know only the bare decorator
for handlers that are coroutines.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar, cast

from temporalio import workflow
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.workflow import UpdateMethodMultiParam

from payments.domain.codes import Code

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def door(
    name: str, description: str
) -> Callable[[Callable[Arguments, Awaitable[Answer]]], UpdateMethodMultiParam[Arguments, Answer]]:
    """What somebody outside may ask of a workflow. The description is in the Temporal UI's form."""
    update: Any = workflow.update(name=name, description=description)
    return cast(
        "Callable[[Callable[Arguments, Awaitable[Answer]]],"
        " UpdateMethodMultiParam[Arguments, Answer]]",
        update,
    )


def refusal(code: Code) -> ApplicationError:
    """A "no" from a validator: nothing of it is written into history. Its type is the code."""
    return ApplicationError(
        code.meaning.message,
        type=code.value,
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )
