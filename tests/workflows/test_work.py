"""What a worker is told to do, and nothing else."""

import os
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.testing import WorkflowEnvironment

from payments.domain.batch import BatchStatus
from tests.workflows.batch_stage import BatchStage, make_rows
from tests.workflows.engine import Desk
from tests.workflows.worker_process import World, started


async def test_a_worker_of_batches_does_nothing_else_and_gives_way(
    environment: WorkflowEnvironment, tmp_path: Path
) -> None:
    desk, world = Desk(environment), World(tmp_path / "world")
    stage, desk.batches = BatchStage(desk), world.batches
    batch = await stage.create(make_rows(3))
    world.keep()

    async with started(desk, world.path, QUITTANCE_WORK="batches") as worker:
        handle = await stage.until_begun(batch)
        assert await handle.result() is BatchStatus.FINISHED
        assert (await handle.describe()).task_queue == f"{desk.task_queue}-batches"
        assert os.getpriority(os.PRIO_PROCESS, worker.pid) == 19
        for queue in (desk.task_queue, f"{desk.task_queue}-webhooks"):
            assert await _is_alone(desk, queue)


async def _is_alone(desk: Desk, queue: str) -> bool:
    """Whether nobody ever asked for work there."""
    asked = DescribeTaskQueueRequest(
        namespace=desk.client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    answer = await desk.client.workflow_service.describe_task_queue(asked)
    return not answer.pollers
