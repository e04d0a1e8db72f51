"""What an operator sees of batches, and does to them, from the console."""

from collections.abc import AsyncIterator

import pytest

from tests.api.conftest import Misbehave
from tests.api.console_pages import Console, shown
from tests.batch_files import csv_of, ended, rows_of, send
from tests.patience import until
from tests.running_gateway import PartnerClient, RunningGateway, new_id

ROOT = "/console/batches"


@pytest.fixture
async def console(gateway: RunningGateway) -> AsyncIterator[Console]:
    console = Console(gateway.told["operator"])
    yield console
    await console.close()


async def test_a_batch_and_its_counts_are_shown(console: Console, guest: PartnerClient) -> None:
    reference = new_id("BATCH")
    sent = await send(guest, csv_of(rows_of(1, 99)), reference=reference)
    await ended(guest, sent.data["id"])

    listed = shown(await console.get(ROOT, partner=guest.key.id))
    page = shown(await console.get(f"{ROOT}/{sent.data['id']}"))

    [row] = listed.rows
    assert row[0] == f"{sent.data['id']} {reference}"
    assert row[2:4] == ["bill_payments", "finished"]
    assert "2 of 2 rows have ended" in page.text
    assert "Paid 1 Declined 0 Refused 1" in page.text
    assert "Pause" not in page.text
    assert "looks again" not in page.text


async def test_an_operator_pauses_resumes_and_cancels(
    console: Console, guest: PartnerClient, misbehave: Misbehave
) -> None:
    # With a biller that takes its time none ends before it is canceled.
    misbehave("DESCO", "slow", delayMs=2_000)
    sent = await send(guest, csv_of(rows_of(*[1] * 40)))
    path = f"{ROOT}/{sent.data['id']}"

    for what, becomes in (("pause", "paused"), ("resume", "running")):
        await until(lambda what=what: _press(console, path, what), 60, f"no {what}")  # type: ignore[misc]
        assert (await guest.get(f"/v1/batches/{sent.data['id']}")).data["status"] == becomes
    page = await console.fetch("GET", path)
    assert '<meta http-equiv="refresh" content="5">' in page.text
    assert "looks again every five seconds" in page.text
    question = shown(await console.get(f"{path}/cancel"))
    assert "Cancel the batch?" in question.text
    await until(lambda: _press(console, path, "cancel"), 60, "no cancel")

    assert (await ended(guest, sent.data["id"]))["status"] == "canceled"


async def _press(console: Console, path: str, what: str) -> bool:
    """False while the engine is too busy to be heard."""
    origin = {"Origin": console.url}
    answer = await console.fetch("POST", f"{path}/{what}", headers=origin)
    assert answer.status_code in {303, 503}, answer.text
    return answer.status_code == 303


async def test_what_is_not_there_and_what_cannot_be_is_told(
    console: Console, guest: PartnerClient
) -> None:
    sent = await send(guest, csv_of(rows_of(1)))
    await ended(guest, sent.data["id"])
    origin = {"Origin": console.url}

    for path, status in (
        (f"{ROOT}/ba_{'0' * 26}", 404),
        (f"{ROOT}/nothing", 404),
        (f"{ROOT}?before=nothing", 400),
        (f"{ROOT}?partner=%3Cb%3E", 400),
    ):
        assert (await console.fetch("GET", path)).status_code == status
    over = await console.fetch("POST", f"{ROOT}/{sent.data['id']}/pause", headers=origin)
    assert over.status_code == 409
    unknown = await console.fetch("POST", f"{ROOT}/{sent.data['id']}/pay", headers=origin)
    assert unknown.status_code == 404
    foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (
        await console.fetch("POST", f"{ROOT}/{sent.data['id']}/pause", headers=foreign)
    ).status_code == 403
