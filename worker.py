"""Entry: plug the adapters in, work on workflows and activities, run until SIGTERM.

`python worker.py`. With QUITTANCE_READY_FILE set, that file exists while the worker is ready: from
the first workflow that went through it until it is told to stop.
"""

import gc

if __name__ == "__main__":
    gc.set_threshold(10_000)  # Every 700 new objects, as by default, a start takes a third longer.

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import structlog
import uvloop
from temporalio.client import Client

from activities.webhooks import LAST_TRIES
from api.inbound.owners import owners
from api.inbound.taking import Taking
from payments import bootstrap, logging, temporal
from payments.config import Settings, Work
from payments.ports.steps import Steps
from workflows.batch import begin_unfinished
from workflows.event_relay import begin_relay
from workflows.inbound_watch import begin_watch
from workflows.lost_watch import begin_lost_watch
from workflows.options import PROVIDER_TIMEOUT
from workflows.probe import Probe
from workflows.registered import (
    WEBHOOK_WORKFLOWS,
    WORKFLOWS,
    activities,
    webhook_activities,
)

PAYING: Final = (Work.COUNTER, Work.BATCHES)
# Of all nicenesses: who has it gets what others leave.
LEAST: Final = 19
PROBE_TIMEOUT: Final = timedelta(seconds=60)

# What the steps call: the real adapters, or a test's own.
OpenSteps = Callable[[Settings], AbstractAsyncContextManager[Steps]]

log = structlog.get_logger()


async def serve(settings: Settings, stop: asyncio.Event, open_steps: OpenSteps) -> None:
    """Work until `stop`, then let what is running end. Raises what breaks the worker."""
    # A card provider that ignores our keys is asked before it is sent anything.
    longest_s = max(settings.biller_timeout_s, 2 * settings.provider_timeout_s)
    longest_call = timedelta(seconds=longest_s)
    # Otherwise Temporal would give up a payment before the call's own time-out tells its outcome.
    assert longest_call + temporal.LAST_WORDS < PROVIDER_TIMEOUT, "QUITTANCE_*_TIMEOUT_S"
    async with open_steps(settings) as steps:
        client = await temporal.connect(metrics=settings.metrics_address)
        queues = [settings.queue(work) for work in PAYING if work in settings.work]
        async with _paying(client, queues, steps, longest_call), _carrying(client, settings, steps):
            proof = asyncio.create_task(prove(client, queues))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({proof, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if proof.done():
                proof.result()
                if Work.BATCHES in settings.work:
                    queue = settings.queue(Work.BATCHES)
                    await begin_unfinished(client, queue, steps.bills.batches)
                if Work.COUNTER in settings.work:
                    await begin_lost_watch(client, settings.queue(Work.COUNTER))
                with ready_file():
                    log.info("worker.ready", work=sorted(settings.work))
                    await stopping
            proof.cancel()
            log.info("worker.stopping")


@asynccontextmanager
async def _paying(
    client: Client, queues: Sequence[str], steps: Steps, longest_call: timedelta
) -> AsyncIterator[None]:
    """Everything that moves money is done from any of these queues alike."""
    every_step = activities(steps.bills, steps.cards, steps.payouts, steps.disputes)
    async with AsyncExitStack() as working:
        for queue in queues:
            worker = temporal.make_worker(
                client,
                task_queue=queue,
                workflows=WORKFLOWS,
                activities=every_step,
                longest_call=longest_call,
            )
            await working.enter_async_context(worker)
        yield


@asynccontextmanager
async def _carrying(client: Client, settings: Settings, steps: Steps) -> AsyncIterator[None]:
    """Events go to partners, and are looked at that came from providers, from a queue of their own:
    a storm of them delays no payment.
    """
    webhooks = steps.webhooks
    if webhooks is None:
        yield
        return
    queue, cards = settings.queue(Work.WEBHOOKS), steps.cards
    everybody = owners(
        client,
        settings.task_queue,
        payments=cards.payments,
        refunds=cards.refunds,
        cases=cards.cases,
        payouts=steps.payouts.payouts,
        disputes=steps.disputes.record,
    )
    async with temporal.make_worker(
        client,
        task_queue=queue,
        workflows=WEBHOOK_WORKFLOWS,
        activities=webhook_activities(webhooks, Taking(webhooks.inbox, everybody).look_again),
        longest_call=LAST_TRIES,
    ):
        await begin_relay(client, queue)
        await begin_watch(client, queue)
        yield


async def prove(client: Client, queues: Sequence[str]) -> None:
    """A workflow through the whole machine; it also loads what the first payer would wait for."""
    for queue in queues:
        await client.execute_workflow(
            Probe.run,
            id=f"probe:{uuid4()}",
            task_queue=queue,
            execution_timeout=PROBE_TIMEOUT,
            static_summary="a worker proves that it works",
        )


@contextmanager
def ready_file() -> Iterator[None]:
    name = os.environ.get("QUITTANCE_READY_FILE")
    if name is None:
        yield
        return
    path = Path(name)
    path.write_text(f"{os.getpid()}\n", encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


async def until_told_to_stop(settings: Settings, open_steps: OpenSteps) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(settings, stop, open_steps)


def main(open_steps: OpenSteps = bootstrap.open_steps) -> None:
    settings = Settings.from_env()
    logging.set_up(settings.log_format)
    if settings.work == {Work.BATCHES}:
        give_way()
    status = run(settings, open_steps)
    # The SDK's own threads call into Python. They end when its last object is collected, and that
    # must be before the interpreter ends, or the process can abort after all work is done. A
    # traceback would keep those objects, so a failure has become a log line by now.
    gc.collect()
    sys.exit(status)


def give_way() -> None:
    """Whoever else wants a CPU of this machine comes first.

    Where Linux shares the CPUs out by session, niceness counts within one only, and a session of
    our own has its own. Containers and services have weights instead.
    """
    os.nice(LEAST)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(LEAST))


def run(settings: Settings, open_steps: OpenSteps) -> int:
    try:
        uvloop.run(until_told_to_stop(settings, open_steps))
    except Exception:
        log.exception("worker.failed")
        return 1
    return 0


if __name__ == "__main__":
    main()
