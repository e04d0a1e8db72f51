"""No log line of any process holds a card number, whoever writes the line and however."""

import json
import subprocess
import sys

import pytest

from payments.domain.card_numbers import MASK, find

CARD = "4000056655665556"
SAYS = """
import asyncio, gc, logging, sys, threading, warnings
import structlog
from payments import logging as ours
ours.set_up(sys.argv[1])
CARD = "40000566" + "55665556"
log = structlog.get_logger("test")

class Shown:
    def __str__(self): return f"shown {CARD}"
    __repr__ = __str__
    def __del__(self): raise ValueError(f"deleted {CARD}")

def crash():
    raise ValueError(f"crashed on {CARD}")

log.info("value.told", text=f"card {CARD}", number=int(CARD), parts=[CARD[:8], {"deep": CARD}])
log.info("value.told", names={CARD: 1}, spaced=" ".join(CARD), quoted=CARD.encode(), shown=Shown())
log.info("value.told", inside=[Shown()], escaped="".join(f"%3{digit}" for digit in CARD))
log.info(f"said {CARD}", trace="partner_1.20260430T082114123Z.7K3Q9XW2", request_hash="42" * 32)
try:
    crash()
except ValueError:
    log.exception("crash.logged")
    logging.getLogger("uvicorn.error").exception("Exception in ASGI application %s", CARD)
    logging.getLogger("temporalio.activity").warning("failed %s", {"card": CARD}, exc_info=True)
    logging.getLogger("asyncio").error(CARD)
warnings.warn(f"warned of {CARD}")
threading.Thread(target=crash).start()
asyncio.run(asyncio.sleep(0))
Shown()
gc.collect()
crash()
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_line_holds_a_card_number(log_format: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAYS, log_format], capture_output=True, text=True, check=False
    )

    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert CARD not in said
    assert find(said.replace("42" * 32, "")) is None, said
    assert said.count(MASK) >= 17, said
    assert "7K3Q9XW2" in said
    assert "42" * 32 in said


def test_every_line_is_still_json() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAYS, "json"], capture_output=True, text=True, check=False
    )

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["number"] == MASK
    assert {"value.told", "crash.logged", "library.said", "exception.uncaught"} <= {
        line["event"] for line in lines
    }
    assert done.stderr == ""
