"""Every history that the fire has left: it replays with the code that wrote it, and none of its
tasks was refused for doing something else than before.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Final

from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer

from payments.temporal import DATA_CONVERTER, UNGUARDED
from tests.card_findings import Finding, Kind
from workflows.registered import WORKFLOWS

# Everything that has a story; what stands for ever has none.
OURS: Final = "WorkflowType NOT IN ('EventRelay', 'InboundWatch', 'LostWatch', 'Probe')"
_FORGOT: Final = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR


async def unfaithful(client: Client, since: datetime) -> list[Finding]:
    """Of what began since then."""
    refused: list[Finding] = []
    names: dict[str, str] = {}
    ours = f"{OURS} AND StartTime >= '{since.isoformat()}'"

    async def looked_at() -> AsyncIterator[WorkflowHistory]:
        async for history in client.list_workflows(ours).map_histories():
            names[history.run_id] = history.workflow_id
            refused.extend(_refused(history))
            yield history

    replayer = Replayer(
        workflows=WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=UNGUARDED
    )
    replays = await replayer.replay_workflows(looked_at(), raise_on_replay_failure=False)
    broken = [
        Finding(Kind.HISTORY, names[run_id], repr(error))
        for run_id, error in replays.replay_failures.items()
    ]
    return refused + broken


def _refused(history: WorkflowHistory) -> Iterator[Finding]:
    for event in history.events:
        failed = event.workflow_task_failed_event_attributes
        if event.HasField("workflow_task_failed_event_attributes") and failed.cause == _FORGOT:
            yield Finding(Kind.HISTORY, history.workflow_id, failed.failure.message)
