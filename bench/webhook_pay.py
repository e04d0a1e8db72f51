"""What webhooks add to a payment: `python -m bench.webhook_pay`, apart from `make bench`.

The open model of `make bench` runs in turns, with an endpoint that gets every event and with the
same endpoint disabled. Compared is the median of the pay requests.
"""

import argparse
import statistics
import sys
from datetime import UTC, datetime
from typing import Final

import uvloop

from bench.arms import Arms
from bench.contest import interval
from bench.crew import Crew
from bench.ground import Ground, whole_product
from bench.webhooks import Bench, receiving
from payments.bootstrap import open_record
from payments.config import Settings
from payments.domain.webhook import Disabled

_DELIVERED: Final = "SELECT count(*) AS many FROM webhook_delivery WHERE state = 'delivered'"


async def _switch(ground: Ground, endpoint_id: str, *, on: bool) -> None:
    partner_id = ground.partners[0]["id"]
    async with open_record(Settings.of(ground.environment)) as record:
        if on:
            await record.endpoints.enable(partner_id, endpoint_id)
        else:
            await record.endpoints.disable(
                partner_id, endpoint_id, Disabled.BY_OPERATOR, datetime.now(UTC)
            )


async def main(turns: int, seconds: float, rate: float) -> None:
    async with whole_product() as ground, Crew(ground) as crew, receiving() as receiver:
        arms = Arms(crew, seconds, 0)
        endpoint_id = await Bench(ground, receiver).open(f"{receiver}/pay")
        await arms.mix(rate, 5)
        pays: dict[bool, list[float]] = {True: [], False: []}
        # On, off, off, on: what drifts in the machine drifts for both.
        for turn in range(2 * turns):
            on = turn % 4 in (0, 3)
            await _switch(ground, endpoint_id, on=on)
            samples = await arms.mix(rate, seconds)
            pays[on] += samples["pay"]["latencies_ms"]
        delivered = (await ground.read(_DELIVERED))[0]["many"]
    with_, without = statistics.median(pays[True]), statistics.median(pays[False])
    low, high = interval(pays[True], pays[False])
    sys.stdout.write(
        f"at {rate:g} requests/s pay p50: {with_:.1f} ms with an endpoint, {without:.1f} ms without"
        f" ({with_ / without:.3f}, 95 %: {low:.3f} to {high:.3f});"
        f" {len(pays[True])} and {len(pays[False])} payments, {delivered} deliveries\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.webhook_pay", description=__doc__)
    parser.add_argument("--turns", type=int, default=6, help="with, and as many without (6)")
    parser.add_argument("--seconds", type=float, default=15, help="of each (15)")
    parser.add_argument("--rate", type=float, default=20, help="requests/s; a fifth pays (20)")
    told = parser.parse_args()
    uvloop.run(main(told.turns, told.seconds, told.rate))
