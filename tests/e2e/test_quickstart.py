"""docs/quickstart.sh as a partner runs it: with curl and openssl, and a success only on PAID."""

import asyncio
import os
import re
import shutil
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.evidence import Evidence
from tests.patience import drain
from tests.running_gateway import REPOSITORY, PartnerClient, RunningGateway, TestBill
from tests.side_door import SideDoor

# What the hasty door waits is a quarter of that.
LONGER_THAN_WE_WAIT_MS = 4_000
MISSING = [tool for tool in ("bash", "curl", "openssl") if shutil.which(tool) is None]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not on this machine: {MISSING}")


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    said: str
    complained: str


async def quickstart(**environment: str) -> Done:
    process = await asyncio.create_subprocess_exec(
        *("bash", str(REPOSITORY / "docs" / "quickstart.sh")),
        cwd=REPOSITORY,
        # Nothing of this process's environment but its tools, so that nothing of it helps.
        env={"PATH": os.environ["PATH"], **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(180):
        said, complained = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, said.decode(), complained.decode())


def bill_of_this_month(ending: int = 0) -> TestBill:
    return TestBill(ending, billing_period=f"{datetime.now(UTC):%Y-%m}")


def credentials(gateway: RunningGateway) -> dict[str, str]:
    key = gateway.partner()
    return {"API": gateway.api, "APIKEY": key.api_key, "SECRET": key.secret}


@pytest.fixture(scope="module")
def hasty(gateway: RunningGateway) -> Iterator[dict[str, str]]:
    """The credentials for a door that answers after a second, whatever is known by then."""
    door = SideDoor(gateway, QUITTANCE_PAY_WAIT_S="1")
    try:
        yield credentials(gateway) | {"API": door.api}
    finally:
        door.stop()


async def test_the_stack_that_runs_is_found_and_a_bill_is_paid(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> None:
    bill = bill_of_this_month()

    done = await quickstart(QUITTANCE_HOME=str(gateway.home), BILL=bill.number)

    assert (done.code, done.complained) == (0, ""), done
    paid = re.search(
        r"^PAID: (TXN-\S+), the biller's receipt is (DESCO-\S+)$", done.said, re.MULTILINE
    )
    assert paid, done.said
    status = await evidence.paid_once(partner, bill, paid[1])
    assert status.data["billerReference"] == paid[2]
    assert "  the repeat is the same answer: true\n" in done.said
    assert gateway.partner().secret not in done.said


async def test_an_address_and_a_key_of_ones_own_are_taken(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> None:
    bill = bill_of_this_month()

    done = await quickstart(**credentials(gateway), BILL=bill.number)

    assert done.code == 0, done
    await evidence.effect(bill)


def late(delay_ms: int) -> dict[str, object]:
    """Of the biller that pays one bill so much later."""
    return {"behaviour": "pending", "delayMs": delay_ms, "times": 1}


async def test_a_payment_that_takes_its_time_is_asked_for_until_it_is_known(
    gateway: RunningGateway, hasty: dict[str, str], evidence: Evidence
) -> None:
    bill = bill_of_this_month()
    gateway.sandbox("POST", "/control/billers/DESCO", late(LONGER_THAN_WE_WAIT_MS))

    done = await quickstart(**hasty, BILL=bill.number)

    assert done.code == 0, done
    # On a busy machine not even "pending" is heard in time.
    assert re.search(r"POST /bill/pay -> (202 P0001|504 P9003)", done.said), done.said
    assert "PAID: TXN-" in done.said
    await evidence.effect(bill)


async def test_a_payment_that_is_not_known_in_the_end_is_no_success(
    gateway: RunningGateway, hasty: dict[str, str], partner: PartnerClient, tmp_path: Path
) -> None:
    bill = bill_of_this_month()
    asks_once = tmp_path / "seq"
    asks_once.write_text("#!/bin/sh\necho 1\n")
    asks_once.chmod(0o755)
    gateway.sandbox("POST", "/control/billers/DESCO", late(3 * LONGER_THAN_WE_WAIT_MS))

    done = await quickstart(**hasty, BILL=bill.number, PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert done.code == 1
    unknown = re.search(r"^PROCESSING: (TXN-\S+),", done.said, re.MULTILINE)
    assert unknown, done
    assert (await drain(partner, unknown[1])).data["state"] == "PAID"


async def test_a_declined_bill_is_no_success(gateway: RunningGateway, evidence: Evidence) -> None:
    bill = bill_of_this_month(90)

    done = await quickstart(**credentials(gateway), BILL=bill.number)

    assert done.code == 1
    assert done.complained.startswith("refused: Declined: the biller blocked this account; trace ")
    assert await evidence.effects(bill) == []


async def test_a_wrong_secret_is_no_success(gateway: RunningGateway) -> None:
    done = await quickstart(**credentials(gateway) | {"SECRET": "qs_wrong"})

    assert done.code == 1
    assert done.complained.startswith("refused: The credentials are missing or wrong; trace anon.")


CHANGED = {
    "the body": (
        b'"currency":"BDT"',
        b'"currency":"BHD"',
        "the body is not the one that was signed",
    ),
    "the status": (b"HTTP/1.1 200 OK", b"HTTP/1.1 201 OK", "the signature is not the gateway's"),
    "the trace": (
        b"quittance-trace: p",
        b"quittance-trace: q",
        "the signature is not the gateway's",
    ),
    "the key": (b';keyid="', b';keyid="x', "is no answer key of the gateway"),
    "what is covered": (b' "@target-uri";req', b"", '"@target-uri";req is not signed'),
}


@pytest.mark.parametrize(("true", "false", "complaint"), CHANGED.values(), ids=CHANGED)
async def test_an_answer_that_was_changed_on_its_way_is_not_believed(
    gateway: RunningGateway, evidence: Evidence, true: bytes, false: bytes, complaint: str
) -> None:
    bill = bill_of_this_month()

    async with tampering(gateway.api, true, false) as api:
        done = await quickstart(**credentials(gateway) | {"API": api}, BILL=bill.number)

    assert done.code == 1
    assert done.complained.endswith(complaint + "\n"), done
    await evidence.nothing_moved(bill)


async def test_what_only_passes_somebody_is_believed(
    gateway: RunningGateway, evidence: Evidence
) -> None:
    bill = bill_of_this_month()

    async with tampering(gateway.api, b"nothing", b"nothing") as api:
        done = await quickstart(**credentials(gateway) | {"API": api}, BILL=bill.number)

    assert done.code == 0, done
    await evidence.effect(bill)


@asynccontextmanager
async def tampering(api: str, true: bytes, false: bytes) -> AsyncIterator[str]:
    """Somebody on the way, who puts one thing for another into every answer."""
    there = urlsplit(api)

    async def forward(reader: StreamReader, back: StreamWriter) -> None:
        answers, forth = await asyncio.open_connection(there.hostname, there.port)

        async def pump(source: StreamReader, sink: StreamWriter, old: bytes, new: bytes) -> None:
            while data := await source.read(65_536):
                sink.write(data.replace(old, new))
            sink.close()

        async with asyncio.TaskGroup() as both:
            both.create_task(pump(reader, forth, true, true))
            both.create_task(pump(answers, back, true, false))

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
