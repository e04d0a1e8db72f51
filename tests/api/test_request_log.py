"""Every answer has one row and one line in the log; neither holds a secret or a name."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from payments.domain.trace import Trace
from tests.api.conftest import Misbehave
from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient, RunningGateway, TestBill, new_id

ROW = "SELECT * FROM request_log WHERE trace = $1"
LINE_FIELDS = {
    *("trace", "partner", "endpoint", "request_hash", "http_status", "code", "latency_us"),
    *("downstream", "replay_of", "event", "level", "timestamp"),
}


def lines_of(gateway: RunningGateway, trace: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in gateway.log("api").splitlines() if trace in line]
    return [line for line in lines if line["event"] == "request.answered"]


def request_hash(method: str, target: str, body: bytes = b"") -> str:
    return hashlib.sha256(f"{method} {target}\n".encode() + body).hexdigest()


async def lookup(partner: PartnerClient) -> tuple[Answer, str]:
    target = f"/bill/lookup?{urlencode(TestBill().told)}"
    answer = await partner.ask("GET", target, headers=await partner.authorised())
    return answer, request_hash("GET", target)


async def lock(partner: PartnerClient) -> tuple[Answer, str]:
    body = json.dumps(TestBill().told).encode()
    headers = {**await partner.authorised(), "Content-Type": "application/json"}
    answer = await partner.ask("POST", "/v1/bill/lock", content=body, headers=headers)
    return answer, request_hash("POST", "/v1/bill/lock", body)


async def stranger(partner: PartnerClient) -> tuple[Answer, str]:
    return await partner.ask("GET", "/txn/status"), request_hash("GET", "/txn/status")


async def nowhere(partner: PartnerClient) -> tuple[Answer, str]:
    return await partner.ask("PUT", "/no%20where"), request_hash("PUT", "/no%20where")


async def token(partner: PartnerClient) -> tuple[Answer, str]:
    body = json.dumps(partner.key.token_request()).encode()
    headers = {"Content-Type": "application/json"}
    answer = await partner.ask("POST", "/auth/token", content=body, headers=headers)
    return answer, request_hash("POST", "/auth/token", body)


ASKED: dict[str, tuple[Any, str, str, str | None]] = {
    "a look-up": (lookup, "GET /bill/lookup", "P0000", "partner_1"),
    "a lock under the prefix": (lock, "POST /bill/lock", "P0000", "partner_1"),
    "a token": (token, "POST /auth/token", "P0000", "partner_1"),
    "a stranger": (stranger, "GET /txn/status", "P4004", None),
    "no route": (nowhere, "unknown", "P5004", None),
}


@pytest.mark.parametrize(("ask", "endpoint", "code", "partner_id"), ASKED.values(), ids=ASKED)
async def test_an_answer_has_exactly_one_row_and_one_line_that_say_the_same(
    gateway: RunningGateway,
    partner: PartnerClient,
    evidence: Evidence,
    ask: Callable[[PartnerClient], Any],
    endpoint: str,
    code: str,
    partner_id: str | None,
) -> None:
    began = datetime.now(UTC) - timedelta(milliseconds=1)

    answer, expected_hash = await ask(partner)

    (row,) = await evidence.rows(ROW, answer.trace)
    (line,) = lines_of(gateway, answer.trace)
    told = {name: row[name] for name in ("partner_id", "endpoint", "http_status", "code")}
    assert told == {
        "partner_id": partner_id,
        "endpoint": endpoint,
        "http_status": answer.http_status,
        "code": code,
    }
    assert answer.code == code
    assert row["request_hash"] == expected_hash
    assert began < row["received_at"] < datetime.now(UTC)
    assert Trace.parse(answer.trace).at == _to_the_millisecond(row["received_at"])
    assert Trace.parse(answer.trace).partner == (partner_id or "anon")
    assert 0 < row["latency_us"] < 30_000_000
    assert line.keys() == LINE_FIELDS
    for field in ("endpoint", "request_hash", "http_status", "code"):
        assert line[field] == row[field]
    assert (line["partner"], line["replay_of"]) == (partner_id, None)


def _to_the_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


async def test_a_row_names_what_was_asked_of_others_and_how_long_it_took(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill = TestBill()
    looked_up = await partner.get("/bill/lookup", **bill.told)
    locked = await partner.lock(bill)
    paid = await partner.pay(locked.data["lockToken"], transaction := new_id())
    asked = await partner.status(transaction)

    told = []
    for answer in (looked_up, locked, paid, asked):
        (row,) = await evidence.rows(ROW, answer.trace)
        downstream = json.loads(row["downstream"])
        assert all(each["ms"] >= 0 for each in downstream.values())
        told.append({name: each["source"] for name, each in downstream.items()})
    assert told == [
        {"biller.lookup": "origin", "engine.describe": "origin"},
        {"engine.lock": "origin"},
        {"engine.pay": "origin"},
        {"record.find": "origin"},
    ]


async def test_two_answers_never_have_one_trace(partner: PartnerClient) -> None:
    answers = [await partner.ask("GET", "/health/live") for _ in range(50)]

    assert len({answer.trace for answer in answers}) == 50


async def test_a_trace_leads_back_to_its_request(
    gateway: RunningGateway, partner: PartnerClient
) -> None:
    answer = await partner.lock(TestBill())

    told = gateway.cli("trace", answer.trace)

    assert "POST /bill/lock" in told
    assert "P0000" in told


async def test_no_secret_no_token_and_no_name_is_written_down(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence, misbehave: Misbehave
) -> None:
    """Logs of every process, and every table except the kept answer that must be told again."""
    bill, key = TestBill(), new_id("KEY")
    access = (await partner.authorised())["Authorization"].removeprefix("Bearer ")
    await partner.get("/bill/lookup", **bill.told)
    lock_token = (await partner.lock(bill, key=key)).data["lockToken"]
    await partner.pay(lock_token, new_id())
    forged = access[:-6] + "AAAAAA"
    await partner.ask("GET", "/txn/status", headers={"Authorization": f"Bearer {forged}"})
    signed = partner.key.token_request()
    await partner.ask("POST", "/auth/token", json=signed | {"nonce": "x" * 12})
    await partner.ask("POST", "/auth/token", content=json.dumps(signed)[:-2])
    payer = httpx2.get(
        f"{gateway.told['biller']}/billers/DESCO/bills/{bill.number}",
        params={"period": bill.billing_period},
    ).json()["customerName"]
    misbehave("DESCO", "error_before_effect", operations=["lookup"])
    await partner.get("/bill/lookup", **TestBill().told)

    environment = gateway.environment
    seeds = [
        seed
        for name in ("QUITTANCE_SECRET_KEYS", "QUITTANCE_TOKEN_KEYS", "QUITTANCE_ANSWER_KEYS")
        for seed in environment[name].split(",")
    ]
    secrets = {
        *seeds,
        *(gateway.partner(number).secret for number in range(2)),
        *(access, forged, lock_token, signed["signature"], payer),
        environment["QUITTANCE_DATABASE_URL"].split(":")[2].split("@")[0],
    }
    written = {log.name: log.read_text() for log in (gateway.home / "logs").glob("*.log")}
    written |= {name: await _contents(evidence, name) for name in await _tables(evidence)}
    # The one place that must know the lock's token, and the proof that the search can see.
    assert lock_token.encode().hex() in written["idempotency"]
    written["idempotency"] = re.sub(r'"\\\\x[0-9a-f]*"', "", written["idempotency"])

    found = [
        (place, secret[:6])
        for place, text in written.items()
        for secret in secrets
        if secret in text or secret.encode().hex() in text
    ]
    assert found == []
    assert len(written) > 15


async def _tables(evidence: Evidence) -> list[str]:
    rows = await evidence.rows(
        "SELECT table_name FROM information_schema.table_privileges"
        " WHERE table_schema = 'public' AND privilege_type = 'SELECT' AND grantee = current_user"
    )
    return [row["table_name"] for row in rows]


async def _contents(evidence: Evidence, table: str) -> str:
    rows = await evidence.rows(f'SELECT row_to_json(t)::text AS row FROM "{table}" t')
    return "\n".join(row["row"] for row in rows)
