"""Batches of payouts over HTTP: every end of a row, at the rail and in the file of results."""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from payments.domain.partner import Scope
from tests.api.office import Office
from tests.api.shop import VISA, Shop
from tests.api.test_payout_legs import CLINGY, Player
from tests.api.till import SandboxRail, Till
from tests.batch_files import csv_of as bills_csv
from tests.batch_files import ended, numbered, results
from tests.batch_files import send as send_any
from tests.batch_payout_files import HEADER, PayoutLine, payouts_csv
from tests.evidence import Evidence
from tests.patience import until
from tests.running_gateway import Answer, RunningGateway, new_id

BATCHES = "SELECT count(*) AS batches FROM batch WHERE partner_id = $1"


async def send(till: Till, rows: Sequence[PayoutLine], **changes: Any) -> Answer:
    return await send_any(till.partner, payouts_csv(rows), kind="payouts", **changes)


async def accepted(till: Till, *rows: PayoutLine) -> str:
    answer = await send(till, rows)
    assert (answer.http_status, answer.code) == (202, "P0001"), answer
    return str(answer.data["id"])


async def told(till: Till, batch_id: str) -> list[dict[str, str]]:
    content = await results(till.partner, batch_id)
    return list(csv.DictReader(io.StringIO(content.decode())))


async def becomes(
    till: Till, batch_id: str, wanted: Callable[[dict[str, int]], bool]
) -> dict[str, int]:
    """The counts, once they are like that."""

    async def found() -> dict[str, int] | None:
        answer = await till.partner.get(f"/v1/batches/{batch_id}")
        counts = answer.data["counts"] if answer.code == "P0000" else {}
        return counts if counts and wanted(counts) else None

    return await until(found, 120, f"{batch_id} does not come there")


async def test_every_row_of_a_batch_comes_to_its_own_end(
    till: Till, rail: SandboxRail, evidence: Evidence
) -> None:
    paid, failed, unknown = [await till.destination(ending) for ending in ("00", "01", "07")]
    rows = [
        PayoutLine(paid),
        PayoutLine(failed),
        PayoutLine(unknown, "12.50"),
        PayoutLine(await till.destination(currency="USD"), "1000.01"),
    ]
    batch_id = await accepted(till, *rows)
    await becomes(till, batch_id, lambda counts: counts["held"] == 1 and counts["paid"] == 2)

    held = (await told(till, batch_id))[3]
    assert (held["state"], held["heldFor"]) == ("held", "amount")
    assert (await till.cancel({"id": held["payoutId"]})).code == "P0000"
    batch = await ended(till.partner, batch_id)

    assert (batch["status"], batch["kind"], batch["amount"]) == ("finished", "payouts", "1032.51")
    ends = await told(till, batch_id)
    assert [(row["state"], row["code"], row["reference"]) for row in ends] == [
        ("paid", "", rows[0].reference),
        ("declined", "P3102", rows[1].reference),
        ("paid", "", rows[2].reference),
        ("canceled", "", rows[3].reference),
    ]
    for row in ends:
        payout = await till.show({"id": row["payoutId"]})
        assert (payout["reference"], payout["fee"]) == (row["reference"], row["fee"])
        assert len(rail.transfer(payout)["arrivals"]) == (row["state"] != "canceled")
    [event] = await evidence.rows("SELECT type FROM event WHERE object_id = $1", batch_id)
    assert event["type"] == "batch.finished"


async def test_rows_to_customers_go_by_legs(till: Till) -> None:
    plans = [
        (((VISA, "30.00"), (VISA, "20.00")), "40.00"),
        (((CLINGY, "30.00"), (VISA, "20.00")), "50.00"),
        (((CLINGY, "30.00"),), "30.00"),
        (((VISA, "30.00"),), "40.00"),
    ]
    players = [await Player.of(till, *paid) for paid, _ in plans]
    rows = [
        PayoutLine(await till.destination(customerId=player.customer), amount)
        for player, (_, amount) in zip(players, plans, strict=True)
    ]
    batch_id = await accepted(till, *rows)
    await becomes(
        till,
        batch_id,
        lambda counts: counts["held"] == 1 and counts["underWay"] == counts["sent"] == 0,
    )

    held = (await told(till, batch_id))[3]
    assert (held["state"], held["heldFor"]) == ("held", "closed_loop")
    assert held["arrivalEstimate"]
    assert (await till.cancel({"id": held["payoutId"]})).code == "P0000"

    assert (await ended(till.partner, batch_id))["counts"] == {
        **dict.fromkeys(("waiting", "underWay", "held", "sent", "returned", "refused"), 0),
        **dict.fromkeys(("paid", "partlyPaid", "declined", "canceled"), 1),
    }
    ends = await told(till, batch_id)
    assert [(row["state"], row["code"], row["arrivalEstimate"]) for row in ends] == [
        ("paid", "", ""),
        ("partly_paid", "P2111", ""),
        ("declined", "P2111", ""),
        ("canceled", "", ""),
    ]
    for row, amounts in zip(ends, (["30.00", "10.00"], ["30.00", "20.00"]), strict=False):
        legs = (await till.show({"id": row["payoutId"]}))["legs"]
        assert [leg["amount"] for leg in legs] == amounts


async def test_one_name_is_one_payout_through_both_doors(till: Till) -> None:
    destination = await till.destination()
    row = PayoutLine(destination)
    batch_id = await accepted(till, row)
    await becomes(till, batch_id, lambda counts: counts["waiting"] + counts["underWay"] == 0)
    [known] = await told(till, batch_id)

    order = {"amount": "10.00", "currency": "USD", "destinationToken": destination}
    same = await till.create({**order, "reference": row.reference})
    other = await till.create({**order, "reference": row.reference, "amount": "11.00"})
    again = await send(till, [PayoutLine(destination), row])

    assert same.data["id"] == known["payoutId"]
    assert other.code == "P2102"
    assert again.code == "P5201"
    assert [(each["line"], each["code"], each["field"]) for each in again.data["rows"]] == [
        (3, "P2102", "reference")
    ]


async def test_rows_without_funds_are_refused_and_move_nothing(other_till: Till) -> None:
    destination = await other_till.destination()
    batch_id = await accepted(other_till, PayoutLine(destination), PayoutLine(destination))

    await ended(other_till.partner, batch_id)

    ends = await told(other_till, batch_id)
    assert [(row["state"], row["code"], row["payoutId"]) for row in ends] == [
        ("refused", "P3004", "")
    ] * 2
    assert (await other_till.partner.get("/v1/payouts")).data["payouts"] == []


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        (PayoutLine(f"dst_{'0' * 26}"), "P3002", "destinationToken"),
        (PayoutLine("dst_1"), "P5003", "destinationToken"),
    ],
)
async def test_a_bad_row_is_told_by_its_line_and_nothing_is_kept(
    row: PayoutLine, code: str, field: str, other_till: Till, evidence: Evidence
) -> None:
    answer = await send(other_till, [row])

    assert (answer.http_status, answer.code) == (422, "P5201"), answer
    [flaw] = answer.data["rows"]
    assert (flaw["line"], flaw["code"], flaw["field"]) == (2, code, field)
    [kept] = await evidence.rows(BATCHES, other_till.partner.key.id)
    assert kept["batches"] == 0


async def test_another_partners_destination_is_none(till: Till, other_till: Till) -> None:
    answer = await send(other_till, [PayoutLine(await till.destination())])

    assert [flaw["code"] for flaw in answer.data["rows"]] == ["P3002"]


async def test_each_kind_takes_a_token_of_its_own_product(
    till: Till, office: Office, gateway: RunningGateway, shop: Shop
) -> None:
    batch_id = await accepted(till, PayoutLine(await till.destination(), "1.00"))
    bills = office.client(till.partner.key)
    doors = [("GET", ""), ("GET", "/results")]
    doors += [("POST", f"/{what}") for what in ("pause", "resume", "cancel")]

    wrong = [
        await send_any(bills, f"{HEADER}\n".encode(), kind="payouts"),
        await send_any(till.partner, bills_csv(numbered(1))),
        *[
            await bills.ask(
                method, f"/v1/batches/{batch_id}{path}", headers=await bills.authorised()
            )
            for method, path in doors
        ],
    ]
    reader = Till(gateway, shop, await office.partner(scopes=[Scope.READ_PAYOUT]))
    may_not = await send_any(reader.partner, payouts_csv([PayoutLine("dst_1")]), kind="payouts")

    assert {(each.http_status, each.code) for each in wrong} == {(403, "P4008")}
    audiences = [each.data["audience"] for each in wrong]
    assert audiences == ["payouts", "bill-collection", *["payouts"] * len(doors)]
    assert (may_not.http_status, may_not.data) == (403, {"scope": "post:payout"})
    listed = (await bills.get("/v1/batches")).data["batches"]
    assert batch_id not in [each["id"] for each in listed]
    mine = (await till.partner.get("/v1/batches")).data["batches"]
    assert batch_id in [each["id"] for each in mine]


async def test_the_same_file_again_is_the_same_batch(till: Till) -> None:
    rows, reference = [PayoutLine(await till.destination(), "1.00")], new_id("BATCH")
    first = await send(till, rows, reference=reference)

    again = await send(till, rows, reference=reference)

    assert again.data["id"] == first.data["id"]
