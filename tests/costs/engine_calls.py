"""How often the gateway asks the engine: the server's own count, by operation."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

import httpx2
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from tests.patience import until
from tests.running_gateway import RunningGateway

_COUNTED: Final = re.compile(
    r'^service_requests\{namespace="default",operation="(\w+)",service_name="frontend"\} (\d+)',
    re.MULTILINE,
)
# What workers and health checks ask all the time, whether somebody pays or not; the heartbeats of
# the watch for what is lost are among it; and our own mark.
_MARK: Final = "DescribeTaskQueue"
_BACKGROUND: Final = re.compile(rf"Poll\w+TaskQueue|Record\w+Heartbeat|DescribeNamespace|{_MARK}")


class EngineCalls:
    """Counts of the dev server's frontend."""

    def __init__(self, gateway: RunningGateway) -> None:
        # The server takes a port of its own choice and says so at each start.
        (*_, self._url) = re.findall(r"http://\S+/metrics", gateway.log("temporal"))
        self._address = gateway.told["temporalAddress"]

    async def made_by(self, work: Callable[[], Awaitable[object]]) -> Counter[str]:
        """Operation → calls, while this was done."""
        client = await Client.connect(self._address)
        before = await self._counted(client)
        await work()
        made = await self._counted(client) - before
        return Counter({name: calls for name, calls in made.items() if not _BACKGROUND.match(name)})

    async def _counted(self, client: Client) -> Counter[str]:
        """The server shows its counts a little later, but all of them together: so we make a call
        of our own and wait until it is shown.
        """
        marked = self._shown()[_MARK]
        queue = DescribeTaskQueueRequest(namespace="default", task_queue=TaskQueue(name="payments"))
        await client.workflow_service.describe_task_queue(queue)

        async def shown() -> Counter[str] | None:
            counts = self._shown()
            return counts if counts[_MARK] > marked else None

        return await until(shown, 20, "our own call was never counted")

    def _shown(self) -> Counter[str]:
        told = httpx2.get(self._url, timeout=60, trust_env=False, verify=False).text
        return Counter({operation: int(count) for operation, count in _COUNTED.findall(told)})
