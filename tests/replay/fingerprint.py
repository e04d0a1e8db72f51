"""The order of everything a workflow decided, read from its history: what a replay must repeat."""

import json
from collections.abc import Mapping, Sequence

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

# What the SDK calls the marker of workflow.patched.
PATCH = "core_patch"

# What the server or the outside world did; it says nothing about our code.
NOT_OURS = frozenset(
    {
        "WORKFLOW_EXECUTION_STARTED",
        "WORKFLOW_TASK_SCHEDULED",
        "WORKFLOW_TASK_STARTED",
        "WORKFLOW_TASK_COMPLETED",
        "WORKFLOW_EXECUTION_CANCEL_REQUESTED",
        "ACTIVITY_TASK_STARTED",
        "ACTIVITY_TASK_COMPLETED",
        "ACTIVITY_TASK_FAILED",
        "ACTIVITY_TASK_CANCELED",
        "CHILD_WORKFLOW_EXECUTION_STARTED",
        "CHILD_WORKFLOW_EXECUTION_COMPLETED",
        "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED",
        "WORKFLOW_EXECUTION_SIGNALED",
        "TIMER_FIRED",
        # Where a story skips time, it is the machine that says in how many steps.
        "WORKFLOW_EXECUTION_OPTIONS_UPDATED",
        "WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED",
    }
)


def fingerprint(history: WorkflowHistory) -> Sequence[str]:
    updates: dict[int, str] = {}
    return [line for event in history.events if (line := _line(event, updates))]


def _line(event: HistoryEvent, updates: dict[int, str]) -> str:
    kind = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
    if kind in NOT_OURS:
        return ""
    words = kind.lower().replace("workflow_execution_", "").replace("_", " ")
    match kind:
        case "ACTIVITY_TASK_SCHEDULED":
            return f"activity {event.activity_task_scheduled_event_attributes.activity_type.name}"
        case "MARKER_RECORDED":
            marker = event.marker_recorded_event_attributes
            kept = "patch-data" if marker.marker_name == PATCH else "data"
            told = json.loads(marker.details[kept].payloads[0].data)
            return (
                f"patched {told['id']}"
                if kept == "patch-data"
                else (f"local activity {told['activity_type']}")
            )
        case "WORKFLOW_EXECUTION_UPDATE_ACCEPTED":
            accepted = event.workflow_execution_update_accepted_event_attributes
            updates[event.event_id] = accepted.accepted_request.input.name
            return f"{words} {updates[event.event_id]}"
        case "WORKFLOW_EXECUTION_UPDATE_COMPLETED":
            completed = event.workflow_execution_update_completed_event_attributes
            return f"{words} {updates[completed.accepted_event_id]}"
        case _:
            return words


def differences(now: Mapping[str, Sequence[str]], then: Mapping[str, Sequence[str]]) -> list[str]:
    return [name for name in sorted(now.keys() | then.keys()) if now.get(name) != then.get(name)]
