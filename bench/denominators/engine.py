"""Run B0, B1, B1u and B1ua against a Temporal server: one process serves, another one drives.

python -m bench.denominators.engine worker ADDRESS
python -m bench.denominators.engine driver ADDRESS    # takes jobs on its standard input

Two processes, because ours are two as well: the API asks and the worker does. Pollers and slots are
those of the product's worker.
"""

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import uvloop
from temporalio.client import Client, GrpcCompression
from temporalio.common import WorkerDeploymentVersion
from temporalio.worker import (
    PollerBehaviorAutoscaling,
    Worker,
    WorkerDeploymentConfig,
    WorkerTuner,
)

from bench import jobs
from bench.denominators import b0_empty_workflow as b0
from bench.denominators import b1_one_activity as b1
from bench.denominators import b1u_update_echo as b1u
from bench.models import closed

ROUNDS: Mapping[str, Callable[[Client, str], Awaitable[None]]] = {
    "b0": b0.once,
    "b1": b1.once,
    "b1u": b1u.once,
    "b1ua": b1u.once_with_activity,
}


async def connect(address: str) -> Client:
    return await Client.connect(address, grpc_compression=GrpcCompression.NONE)


async def serve(address: str) -> None:
    worker = Worker(
        await connect(address),
        task_queue=b0.QUEUE,
        workflows=[b0.Empty, b1.OneActivity, b1u.UpdateEcho],
        activities=[b1.echo],
        deployment_config=WorkerDeploymentConfig(
            version=WorkerDeploymentVersion(deployment_name="bench", build_id="frozen"),
            use_worker_versioning=False,
        ),
        tuner=WorkerTuner.create_fixed(
            workflow_slots=200, activity_slots=500, local_activity_slots=200, nexus_slots=1
        ),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(minimum=4, maximum=32, initial=8),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(minimum=4, maximum=32, initial=8),
        max_cached_workflows=2000,
        graceful_shutdown_timeout=timedelta(seconds=1),
    )
    async with worker:
        await jobs.serve(_nothing)


async def _nothing(_job: jobs.Job) -> dict[str, Any]:
    return {}


async def drive(address: str) -> None:
    client = await connect(address)

    async def run(job: jobs.Job) -> dict[str, Any]:
        once = ROUNDS[job["round"]]

        async def step() -> None:
            await once(client, f"bench:{uuid.uuid4()}")

        return (await closed(step, job["concurrency"], job["warm_s"], job["seconds"])).as_dict()

    await jobs.serve(run)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run({"worker": serve, "driver": drive}[sys.argv[1]](sys.argv[2]))
