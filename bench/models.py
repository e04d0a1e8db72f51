"""The two load models. Closed finds saturation; open finds latency without flattering ourselves.

In the open model a request is timed from the moment it was meant to be sent, so that a server which
stalls is charged for everybody who had to wait.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

# What fails so often measures nothing; going on would only measure how fast it fails.
MOST_ERRORS = 100


@dataclass(slots=True)
class Sample:
    """What one arm of a measurement saw. `count` is completions inside the window of `seconds`;
    `total` also has those before and after it.
    """

    count: int = 0
    total: int = 0
    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.count / self.seconds if self.seconds else 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


async def closed(
    step: Callable[[], Awaitable[None]], concurrency: int, warm_s: float, seconds: float
) -> Sample:
    """`concurrency` callers, each asking again as soon as it is answered.

    The first `warm_s` are not counted: a window that opens on a full pipeline is not longer for the
    arm whose single round takes longer.
    """
    sample = Sample(seconds=seconds)
    opens_at = time.perf_counter() + warm_s
    closes_at = opens_at + seconds

    async def caller() -> None:
        while (asked_at := time.perf_counter()) < closes_at:
            try:
                await step()
            except Exception as error:  # noqa: BLE001 every failure is counted and shown
                sample.errors.append(f"{type(error).__name__}: {error}"[:300])
                if len(sample.errors) >= MOST_ERRORS:
                    break
                continue
            sample.total += 1
            now = time.perf_counter()
            if opens_at <= now < closes_at:
                sample.count += 1
                sample.latencies_ms.append((now - asked_at) * 1000)

    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return sample


async def open_model(
    steps: Callable[[int], tuple[str, Callable[[], Awaitable[None]]]], rate: float, seconds: float
) -> dict[str, Sample]:
    """One arrival every 1/`rate` seconds, whatever the server does; one sample for each name."""
    samples: dict[str, Sample] = {}
    began_at = time.perf_counter()
    running: set[asyncio.Task[None]] = set()

    async def arrive(number: int, meant_at: float) -> None:
        name, step = steps(number)
        sample = samples.setdefault(name, Sample(seconds=seconds))
        try:
            await step()
        except Exception as error:  # noqa: BLE001 every failure is counted and shown
            sample.errors.append(f"{type(error).__name__}: {error}"[:300])
            return
        sample.count += 1
        sample.total += 1
        sample.latencies_ms.append((time.perf_counter() - meant_at) * 1000)

    for number in range(round(rate * seconds)):
        meant_at = began_at + number / rate
        await asyncio.sleep(max(0.0, meant_at - time.perf_counter()))
        task = asyncio.create_task(arrive(number, meant_at))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    return samples
