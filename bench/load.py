"""The process that makes HTTP load: `python -m bench.load`, jobs on its standard input.

A job names a port, a load model and a scenario; the scenarios are in bench.scenarios and
bench.card_scenarios.
"""

import asyncio
from typing import Any

import uvloop

from bench import card_scenarios, jobs, scenarios
from bench.http_client import HttpClient
from bench.models import closed, open_model

_SCENARIOS = {**scenarios.SCENARIOS, **card_scenarios.SCENARIOS}


async def run(job: jobs.Job) -> dict[str, Any]:
    client = HttpClient("127.0.0.1", job["port"])
    try:
        scenario = _SCENARIOS[job["scenario"]](client, job)
        if job["model"] == "open":
            samples = await open_model(scenario.arrival, job["rate"], job["seconds"])
        else:
            total = await closed(scenario.step, job["concurrency"], job["warm_s"], job["seconds"])
            samples = {"all": total, **scenario.parts(job["warm_s"])}
    finally:
        client.close()
    return {"samples": {name: sample.as_dict() for name, sample in samples.items()}}


async def main() -> None:
    await jobs.serve(run)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
