"""Batches over HTTP: what is refused, with nothing moved, and what a whole one comes to."""

import csv
import io
import json
from collections.abc import Sequence

import pytest

from payments.domain import ids
from tests.api.conftest import Misbehave
from tests.api.office import Office
from tests.batch_files import HEADER, Row, csv_of, ended, numbered, results, rows_of, send
from tests.evidence import Evidence
from tests.patience import until
from tests.running_gateway import (
    Answer,
    PartnerClient,
    RunningGateway,
    TestBill,
    new_id,
)

MANY = 40
BATCHES = "SELECT count(*) AS batches FROM batch WHERE partner_id = $1"


async def batches_of(evidence: Evidence, partner: PartnerClient) -> int:
    [row] = await evidence.rows(BATCHES, partner.key.id)
    return int(row["batches"])


async def accepted(partner: PartnerClient, rows: Sequence[Row]) -> str:
    answer = await send(partner, csv_of(rows))
    assert (answer.http_status, answer.code) == (202, "P0001"), answer
    return str(answer.data["id"])


async def test_every_row_of_a_batch_comes_to_its_own_end(
    guest: PartnerClient, gateway: RunningGateway, evidence: Evidence
) -> None:
    paid, declined, lost, missing, _, locked = rows = rows_of(1, 90, 95, 99, 97, 3)
    again = Row(TestBill(4), amount="1.00")
    await guest.locked(locked.bill)

    batch_id = await accepted(guest, [*rows, again])
    batch = await ended(guest, batch_id)

    assert (batch["status"], batch["rows"]) == ("finished", 7)
    workflow = (await evidence.engine()).get_workflow_handle(ids.batch(batch_id))
    assert (await workflow.describe()).task_queue == "payments-batches"
    assert batch["counts"] == {
        "waiting": 0,
        "underWay": 0,
        "held": 0,
        "sent": 0,
        "paid": 2,
        "partlyPaid": 0,
        "declined": 2,
        "returned": 0,
        "refused": 3,
        "canceled": 0,
    }
    told = list(csv.DictReader(io.StringIO((await results(guest, batch_id)).decode())))
    assert [(row["state"], row["code"]) for row in told] == [
        ("paid", ""),
        ("declined", "P2007"),
        ("paid", ""),
        ("refused", "P1001"),
        ("declined", "P1002"),
        ("refused", "P1101"),
        ("refused", "P1104"),
    ]
    assert [row["line"] for row in told] == [str(line) for line in range(2, 9)]
    assert told[0]["partnerTransactionId"] == paid.transaction_id
    assert told[0]["billerReference"]
    status = await guest.status(told[0]["transactionId"])
    assert (status.data["state"], status.data["fee"]) == ("PAID", told[0]["fee"])
    for row in (paid, lost):
        assert len(gateway.effects(row.bill.number)) == 1
    for row in (declined, missing, locked, again):
        assert gateway.effects(row.bill.number) == []
    await evidence.nothing_is_doubled()


async def test_results_as_json_lines_say_the_same(guest: PartnerClient) -> None:
    batch_id = await accepted(guest, rows_of(1, 99))
    await ended(guest, batch_id)

    lines = (await results(guest, batch_id, "jsonl")).decode().splitlines()

    one, two = map(json.loads, lines)
    assert (one["state"], two["state"], two["code"]) == ("paid", "refused", "P1001")
    assert (one["line"], two["reason"]) == (2, "bill_not_found")


async def test_the_same_file_again_is_the_same_batch(guest: PartnerClient) -> None:
    rows, reference = rows_of(1), new_id("BATCH")
    first = await send(guest, csv_of(rows), reference=reference)
    await ended(guest, first.data["id"])

    again = await send(guest, csv_of(rows), reference=reference)
    other = await send(guest, csv_of(rows_of(1)), reference=reference)

    assert (again.http_status, again.data["id"]) == (200, first.data["id"])
    assert again.data["status"] == "finished"
    assert (other.http_status, other.code) == (409, "P2102")


async def test_the_same_key_gets_the_first_answer_again(guest: PartnerClient) -> None:
    content, reference, key = csv_of(rows_of(1)), new_id("BATCH"), new_id()
    first = await send(guest, content, reference=reference, key=key)
    await ended(guest, first.data["id"])

    again = await send(guest, content, reference=reference, key=key)

    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"


GOOD = numbered(1)[0].line


@pytest.mark.parametrize(
    ("content", "http_status", "code", "field"),
    [
        (b"", 400, "P5203", "body"),
        (HEADER.encode(), 400, "P5203", "body"),
        (b"\xef\xbb\xbf" + f"{HEADER}\n{GOOD}\n".encode(), 400, "P5203", "body"),
        (f"{HEADER.upper()}\n{GOOD}\n".encode(), 400, "P5203", "body"),
        (f"{HEADER}\n{GOOD}\n{GOOD}\n".encode(), 422, "P5201", "line 3"),
        (f"{HEADER}\r\n{GOOD}\n{GOOD}\r\n".encode(), 422, "P5201", "line 2"),
        (f"{HEADER}\n{GOOD}\n=1+1,2,3,4,5,6\n".encode(), 422, "P5201", "line 3"),
        (f'{HEADER}\n{GOOD}\n"a"b",2,3,4,5,6\n'.encode(), 422, "P5201", "line 3"),
        (f"{HEADER}\n{GOOD}\n{'x' * 1_000_000}\n".encode(), 422, "P5201", "line 3"),
        (csv_of([Row(TestBill(), "1.00", currency="JPY")]), 422, "P5201", "line 2"),
        (csv_of([Row(TestBill(biller_id="NOBODY"), "1.00")]), 422, "P5201", "line 2"),
        (
            csv_of([Row(TestBill(), "1.00"), Row(TestBill(biller_id="TOKYOGAS"), "1", "b", "JPY")]),
            422,
            "P5201",
            "line 3",
        ),
        (csv_of([Row(TestBill(), "1.00", "4111111111111111")]), 422, "P5014", "line 2"),
        (csv_of(numbered(50_001)), 422, "P5202", "body"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
async def test_a_bad_file_is_refused_and_nothing_is_kept(
    content: bytes,
    http_status: int,
    code: str,
    field: str,
    guest: PartnerClient,
    evidence: Evidence,
) -> None:
    answer = await send(guest, content, key=new_id())

    assert (answer.http_status, answer.code) == (http_status, code), answer
    assert answer.data["field"] == field
    assert await batches_of(evidence, guest) == 0


async def test_every_bad_row_is_told_by_its_line(guest: PartnerClient, evidence: Evidence) -> None:
    rows = [*numbered(3), Row(TestBill(), "0.00"), Row(TestBill(), "1.00", "=cmd")]

    answer = await send(guest, csv_of(rows))

    assert answer.data.get("refusedRows") == 2, answer
    assert [(row["line"], row["field"], row["code"]) for row in answer.data["rows"]] == [
        (5, "amount", "P5003"),
        (6, "transactionId", "P5003"),
    ]
    assert await batches_of(evidence, guest) == 0


async def test_a_thousand_bad_rows_are_told_and_all_are_counted(guest: PartnerClient) -> None:
    answer = await send(guest, csv_of(numbered(1_200, amount="0.00")))

    assert (answer.data["refusedRows"], len(answer.data["rows"])) == (1_200, 1_000)


async def test_names_that_are_taken_are_told_by_their_lines(
    guest: PartnerClient, evidence: Evidence
) -> None:
    used = new_id()
    assert (await guest.pay(await guest.locked(TestBill()), used)).code == "P0000"
    rows = [*rows_of(1), Row(TestBill(), "1.00", used)]

    answer = await send(guest, csv_of(rows))

    assert answer.code == "P5201"
    assert [(row["line"], row["code"]) for row in answer.data["rows"]] == [(3, "P1106")]
    assert await batches_of(evidence, guest) == 0


@pytest.mark.parametrize(
    ("media_type", "code"),
    [("application/json", "P5006"), ("text/csv; charset=latin-1", "P5006"), ("", "P5006")],
)
async def test_another_kind_of_body_is_refused(
    media_type: str, code: str, guest: PartnerClient
) -> None:
    assert (await send(guest, csv_of(rows_of(1)), media_type=media_type)).code == code


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"reference": ""}, "P5003", "reference"),
        ({"reference": "a b"}, "P5003", "reference"),
        ({"reference": "b", "kind": "payouts!"}, "P5003", "kind"),
        ({"reference": "b", "note": "x"}, "P5002", "note"),
        ({}, "P5002", "reference"),
    ],
)
async def test_a_question_that_is_none_is_refused(
    query: dict[str, str], code: str, field: str, guest: PartnerClient
) -> None:
    headers = {**await guest.authorised(), "Content-Type": "text/csv"}

    answer = await guest.ask(
        "POST", "/v1/batches", params=query, content=csv_of(rows_of(1)), headers=headers
    )

    assert (answer.code, answer.data["field"]) == (code, field)


async def test_a_stranger_sends_no_more_than_anybody_may(
    guest: PartnerClient, stranger: PartnerClient
) -> None:
    large = csv_of(numbered(2_000))
    headers = {"Content-Type": "text/csv", "Authorization": "Bearer nobody"}
    params = {"reference": "b"}

    unknown = await stranger.ask(
        "POST", "/v1/batches", params=params, content=large, headers=headers
    )
    known = await send(guest, b"\n" * (10 * 1024 * 1024 + 1))

    assert (unknown.code, unknown.data["limitBytes"]) == ("P5007", 65_536)
    assert (known.code, known.data["limitBytes"]) == ("P5007", 10 * 1024 * 1024)


async def test_a_batch_is_paused_resumed_and_canceled(
    guest: PartnerClient, misbehave: Misbehave
) -> None:
    # With a biller that takes its time none ends before it is canceled.
    misbehave("DESCO", "slow", delayMs=2_000)
    batch_id = await accepted(guest, rows_of(*([1] * MANY)))

    paused = await act(guest, batch_id, "pause")
    assert paused.data["status"] == "paused"
    assert (await act(guest, batch_id, "resume")).data["status"] == "running"
    canceled = await act(guest, batch_id, "cancel")
    assert canceled.data["status"] in {"canceling", "canceled"}

    batch = await ended(guest, batch_id)
    assert batch["status"] == "canceled"
    counts = batch["counts"]
    assert counts["paid"] + counts["canceled"] == MANY
    assert counts["canceled"] > 0
    again = await act(guest, batch_id, "cancel")
    assert (again.code, again.data["status"]) == ("P0000", "canceled")
    for asked in ("pause", "resume"):
        refused = await act(guest, batch_id, asked)
        assert (refused.http_status, refused.code) == (409, "P5205")


async def act(partner: PartnerClient, batch_id: str, asked: str) -> Answer:
    async def answered() -> Answer | None:
        answer = await partner.post(f"/v1/batches/{batch_id}/{asked}", None)
        return None if answer.code == "P9002" else answer

    return await until(answered, 60, f"nobody answers {asked}")


async def test_anothers_batch_is_as_unknown_as_one_that_never_was(
    guest: PartnerClient, office: Office
) -> None:
    batch_id = await accepted(guest, rows_of(1))
    await ended(guest, batch_id)
    other = await office.partner()
    never = "ba_" + "0" * 26

    for name in (batch_id, never, "ba_x", batch_id.upper()):
        for method, path in (
            ("GET", ""),
            ("GET", "/results"),
            ("POST", "/pause"),
            ("POST", "/resume"),
            ("POST", "/cancel"),
        ):
            headers = await other.authorised()
            answer = await other.ask(method, f"/v1/batches/{name}{path}", headers=headers)
            assert (answer.http_status, answer.code, answer.data) == (404, "P5204", None)
    assert (await other.get("/v1/batches")).data == {"batches": [], "next": None}


async def test_batches_are_listed_newest_first_a_page_at_a_time(guest: PartnerClient) -> None:
    made = [await accepted(guest, rows_of(1)) for _ in range(3)]

    first = await guest.get("/v1/batches", limit="2")
    rest = await guest.get("/v1/batches", limit="2", after=first.data["next"])

    assert [each["id"] for each in first.data["batches"]] == [made[2], made[1]]
    assert [each["id"] for each in rest.data["batches"]] == [made[0]]
    assert rest.data["next"] is None


async def test_a_partner_is_told_when_its_batch_has_finished(
    guest: PartnerClient, evidence: Evidence
) -> None:
    batch_id = await accepted(guest, rows_of(1, 99))
    await ended(guest, batch_id)

    [event] = await evidence.rows(
        "SELECT type, sequence, data FROM event WHERE object_id = $1", batch_id
    )

    assert (event["type"], event["sequence"]) == ("batch.finished", 1)
    data = json.loads(event["data"]) if isinstance(event["data"], str) else event["data"]
    assert (data["counts"]["paid"], data["counts"]["refused"]) == (1, 1)
