"""Killing parts of the stack at work, as the kernel does when memory is short."""

from payments.stack.living import LivingProcess
from tests.patience import until
from tests.running_gateway import RunningGateway


async def kill_worker_at_work(gateway: RunningGateway) -> None:
    """Wait until a worker works (the one before may just have died), and kill it."""
    ready = gateway.home / "ready" / "worker"

    async def works() -> bool:
        worker = LivingProcess.find(gateway.pid("worker"))
        return worker is not None and ready.read_text().strip() == str(worker.pid)

    async def may_die() -> bool:
        return gateway.can_be_killed("worker")

    await until(may_die, 30, "too many have died")
    await until(works, 30, "no worker works")
    gateway.kill("worker")


async def reborn(gateway: RunningGateway, part: str, died: int) -> None:
    """Wait until the supervisor has started another process for a part."""

    async def another() -> bool:
        return gateway.pid(part) != died

    await until(another, 30, f"{part} was not started again")
