"""The Temporal dev server: tuned, with its search attributes, and with a memory."""

import os
import signal
from pathlib import Path

from payments.stack.temporal import TemporalDevServer


async def test_the_state_survives_a_kill_and_new_search_attributes_are_added(place: Path) -> None:
    attributes = {"BillId": "Keyword"}
    async with TemporalDevServer(place / "t.db", search_attributes=attributes) as first:
        await first.call("workflow", "start", "--type", "Kept", "-t", "nobody", "-w", "kept-1")
        os.kill(first.pid, signal.SIGKILL)

    more = attributes | {"AmountMinor": "Int"}
    async with TemporalDevServer(place / "t.db", search_attributes=more) as second:
        described = await second.call("workflow", "describe", "-w", "kept-1")
        listed = await second.call("operator", "search-attribute", "list", "-n", "default")
        namespace = await second.call("operator", "namespace", "describe", "-n", "default")

    assert "WORKFLOW_EXECUTION_STATUS_RUNNING" in described
    assert "AmountMinor" in listed
    assert "BillId" in listed
    assert "259200s" in namespace


def test_the_arguments_tune_what_the_measurements_asked_for(place: Path) -> None:
    arguments = " ".join(TemporalDevServer(place / "t.db").arguments())

    for flag in (
        "history.transferProcessorMaxPollRPS=2000",
        "history.timerProcessorMaxPollRPS=2000",
        "history.visibilityProcessorMaxPollRPS=2000",
        "matching.numTaskqueueReadPartitions=1",
        "matching.numTaskqueueWritePartitions=1",
        "--sqlite-pragma journal_mode=WAL",
        "--sqlite-pragma synchronous=NORMAL",
        "--ip 127.0.0.1",
    ):
        assert flag in arguments


def test_a_server_without_a_file_keeps_its_state_in_memory() -> None:
    arguments = TemporalDevServer(None).arguments()

    assert "--db-filename" not in arguments
    assert "--sqlite-pragma" not in arguments
