"""The OpenAPI file, held against the running gateway.

Hundreds of requests are made from the document alone; and what real partners get, on every route,
is held against it too, since a made-up request seldom gets as far as a paid bill.
"""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from schemathesis.core.failures import Failure

from tests.api.conftest import Misbehave
from tests.api.dispute_shop import SAID, DisputeShop
from tests.api.hooks import Hooks
from tests.api.shop import Acquirer, Shop
from tests.api.till import Till
from tests.patience import until
from tests.running_gateway import REPOSITORY, PartnerClient, RunningGateway, TestBill, new_id

DOCUMENT = REPOSITORY / "docs" / "openapi.json"
WITHIN_S = 600
# A busy machine may be asked again.
NOT_NOW = (503, 504)
# Made-up credentials get no token: 401. A payment may be declined, for all that: 402.
# Never 403: each operation is asked with a token for it.
CONFIGURATION = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 402, 404, 409, 429]
[phases.coverage]
unexpected-methods = ["PUT"]
"""
PREFIX = "/v1"


def once_each(document: dict[str, Any]) -> dict[str, Any]:
    """What is one rule for many operations is tried on one: a header that all take stays on the
    first of each method, and of a route with two names there is one.
    """
    tried: set[tuple[str, str]] = set()
    paths = {
        path: methods
        for path, methods in document["paths"].items()
        if not path.startswith(PREFIX) or path.removeprefix(PREFIX) not in document["paths"]
    }
    for methods in paths.values():
        for method, operation in methods.items():
            told = operation.get("parameters", [])
            seen = tried.copy()
            operation["parameters"] = [
                each
                for each in told
                if each["in"] != "header" or (method, each["name"]) not in seen
            ]
            tried |= {(method, each["name"]) for each in told if each["in"] == "header"}
    return document | {"paths": paths}


async def everything_there(shop: Shop, hooks: Hooks, till: Till) -> dict[str, str]:
    """Name of a path's parameter → one that can be asked about."""
    refund = await shop.refund(await shop.paid())
    payment = await shop.paid(capture=False)
    await shop.do("cancel", payment)
    endpoint = await hooks.added()
    event = await hooks.do("test", endpoint)
    disputes = DisputeShop(shop, Acquirer(shop.gateway))
    _, _, dispute = await disputes.disputed()
    await disputes.do("evidence", dispute, SAID)
    return {
        "payment_id": payment["id"],
        "dispute_id": dispute["id"],
        "refund_id": refund.data["id"],
        "customer_id": await shop.customer(),
        "endpoint_id": endpoint["id"],
        "event_id": event.data["eventId"],
        "payout_id": (await till.pay())["id"],
        "destination_token": await till.destination(currency="BDT"),
    }


async def test_every_answer_to_made_up_requests_is_as_the_document_says_and_signed(
    gateway: RunningGateway, shop: Shop, hooks: Hooks, till: Till, tmp_path: Path
) -> None:
    """`hooks` has a token for bills too, and no endpoint that another test may count on."""
    tokens = {
        "bill-collection": await hooks.partner.token(),
        "payments": await shop.partner.token(),
        "payouts": await till.partner.token(),
    }
    there = await everything_there(shop, hooks, till)
    document = once_each(json.loads(DOCUMENT.read_text()))
    (tmp_path / DOCUMENT.name).write_text(json.dumps(document))
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)

    done = subprocess.run(  # noqa: ASYNC221  # nothing else is to happen meanwhile
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", DOCUMENT.name),
            *("--url", gateway.api),
            *("--phases", "examples,coverage"),
            *("--checks", "all", "--seed", "20261121"),
            "--continue-on-failure",
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "SCHEMATHESIS_HOOKS": "tests.api.schema_checks",
            "SCHEMA_API": gateway.api,
            "SCHEMA_TOKENS": json.dumps(tokens),
            "SCHEMA_THERE": json.dumps(there),
            "NO_PROXY": "127.0.0.1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    every = sum(len(methods) for methods in document["paths"].values())
    assert f"{every}/{every}" in done.stdout, done.stdout[-3000:]


SCHEMA = schemathesis.openapi.from_path(DOCUMENT)


def hold_against_the_document(method: str, path: str, response: httpx2.Response) -> None:
    # The hook that verifies a signature reads the response, and leaves it without its time.
    response.elapsed = timedelta(0)
    SCHEMA[path][method].validate_response(response)


class Asking:
    """A partner whose every answer is held against the document, by route and status."""

    def __init__(self, partner: PartnerClient, prefix: str) -> None:
        self._partner = partner
        self._prefix = prefix

    async def __call__(
        self, method: str, path: str, status: int, body: object = None, **query: str
    ) -> Any:
        path = self._prefix + path

        async def answered() -> httpx2.Response | None:
            headers = await self._partner.authorised()
            response = await self._partner.fetch(
                method, path, json=body, params=query, headers=headers
            )
            # A busy machine only accepts at first what is to be known.
            not_yet = (*NOT_NOW, 202) if status == 200 else NOT_NOW
            return None if response.status_code in not_yet else response

        response = await until(answered, 30, f"{path} is not answered")
        assert response.status_code == status, response.text
        hold_against_the_document(method, path, response)
        return response.json()["data"]


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_what_real_partners_get_is_as_the_document_says(
    partner: PartnerClient, partner_beside: PartnerClient, misbehave: Misbehave, prefix: str
) -> None:
    asking, bill, transaction = Asking(partner, prefix), TestBill(), new_id()
    hurried = Asking(partner_beside, prefix)
    await asking("POST", "/auth/token", 200, partner.key.token_request())
    await asking("POST", "/auth/token", 401, {})
    await asking("GET", "/bill/lookup", 200, **bill.told)
    lock = await asking("POST", "/bill/lock", 200, bill.told)
    await asking("POST", "/bill/lock", 409, bill.told)
    pay = {"lockToken": lock["lockToken"], "transactionId": transaction}
    await asking("POST", "/bill/pay", 422, pay | {"amount": "1.00"})
    misbehave("DESCO", "slow", delayMs=4_000, times=1)
    await hurried("POST", "/bill/pay", 202, pay)
    await asking("GET", "/txn/status", 200, transactionId=transaction)
    await asking("POST", "/bill/pay", 200, pay)
    await asking("GET", "/txn/status", 200, transactionId=transaction)
    await asking("POST", "/bill/unlock", 409, {"lockToken": lock["lockToken"]})
    await asking("GET", "/txn/status", 404, transactionId=new_id())
    given_back = await asking("POST", "/bill/lock", 200, TestBill().told)
    await asking("POST", "/bill/unlock", 200, {"lockToken": given_back["lockToken"]})
    await asking("GET", "/health", 200)


async def test_what_a_declined_partner_gets_is_as_the_document_says(
    partner: PartnerClient,
) -> None:
    asking = Asking(partner, "")
    blocked = await asking("POST", "/bill/lock", 200, TestBill(90).told)
    pay = {"lockToken": blocked["lockToken"], "transactionId": new_id()}
    await asking("POST", "/bill/pay", 402, pay)


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/v1/codes"])
async def test_what_anybody_gets_is_as_the_document_says(partner: PartnerClient, path: str) -> None:
    response = await partner.fetch("GET", path)

    assert response.status_code == 200
    hold_against_the_document("GET", path, response)


async def test_an_answer_that_is_not_as_the_document_says_would_be_noticed() -> None:
    request = httpx2.Request("GET", "http://x/health")
    wrong = httpx2.Response(200, json={"status": "OK", "code": "P0000"}, request=request)

    with pytest.raises(Failure, match="message"):
        hold_against_the_document("GET", "/health", wrong)
