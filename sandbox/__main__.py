"""`python -m sandbox --port 8090 --journal sandbox.jsonl` opens every door; each has a port.

SANDBOX_ACQUIRER_SECRETS=NORTH=…,SOUTH=… says with what the acquirers are called, and
SANDBOX_RAIL_SECRETS=GIRO=…,PUSH=… with what the payout rails are.
"""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

import uvicorn

from sandbox import process
from sandbox.acquirer.house import Settings, SettingsWrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=process.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=8090, help="control door; 0 takes a free one")
    parser.add_argument("--biller-port", type=_port, default=8091, help="the biller's own door")
    parser.add_argument(
        "--acquirer-port", type=_port, default=8092, help="the acquirers, their vault and pages"
    )
    parser.add_argument(
        "--receiver-port", type=_port, default=8093, help="where partners get webhooks"
    )
    parser.add_argument("--acquirer-url", help="how browsers reach that door, if not by its port")
    parser.add_argument("--journal", type=Path, required=True, help="effect journal (JSON lines)")
    options = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    # Their info lines are about sockets and tasks, and ours already say what matters.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsWrong as wrong:
        parser.error(str(wrong))
    doors = process.Doors(
        host=options.host,
        control=options.port,
        biller=options.biller_port,
        acquirer=options.acquirer_port,
        receiver=options.receiver_port,
        acquirer_url=options.acquirer_url,
    )
    loop_factory = uvicorn.Config("", loop="auto").get_loop_factory()
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(process.run(doors, options.journal, settings))


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        message = f"{text} is no port"
        raise argparse.ArgumentTypeError(message)
    return port


if __name__ == "__main__":
    sys.exit(main())
