"""What one lock and one payment cost, counted by the engine and the database themselves.

The counts are exact, and those of the cheapest of three runs. One thing is not counted as it
happens here: the request log is a group commit, so a busy gateway writes one statement for many
requests. These tests ask one after the other, and each request pays for its own row.
"""

import ast
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History

from tests.costs.engine_calls import EngineCalls
from tests.costs.runs import FEW, RUNS, least
from tests.costs.statements import Statements
from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient, RunningGateway, TestBill, new_id

REPOSITORY = Path(__file__).parents[2]

LOG = {"INTO request_log": 1}
# Hold and pay at the biller each leave a row; so does each request.
LOCK_AND_PAY = {"INTO transaction": 1, "UPDATE transaction": 1, "INTO provider_call": 2} | {
    "INTO request_log": 2
}
# A key is claimed before and kept after, for each of the two requests.
WITH_KEYS = LOCK_AND_PAY | {"FROM idempotency": 2, "UPDATE idempotency": 2}
MOST_STATEMENTS = 14
# One call by the API for the lock and one for the payment; the rest is the worker's.
ENGINE_CALLS = {"ExecuteMultiOperation": 1, "UpdateWorkflowExecution": 1} | {
    "RespondWorkflowTaskCompleted": 3,
    "RespondActivityTaskCompleted": 1,
}
MOST_EVENTS = 24
MOST_HISTORY_BYTES = 8192


async def lock_and_pay(
    partner: PartnerClient, key: str | None, bill: TestBill | None = None
) -> Answer:
    lock = await partner.lock(bill or TestBill(), key=key)
    return await partner.pay(lock.data["lockToken"], new_id(), key=key)


async def per_call(
    statements: Statements, call: Callable[[], Awaitable[Answer]], wanted: Mapping[str, float]
) -> dict[str, float]:
    """Statements per call, over a few of them in turn."""

    async def few() -> None:
        for _ in range(FEW):
            answer = await call()
            assert answer.code == "P0000", answer

    return await least(lambda: statements.made_by(few), wanted)


@pytest.fixture(scope="module")
async def statements(gateway: RunningGateway, partner: PartnerClient) -> Statements:
    """Counting begins after a first payment has made the ledger's accounts and got a token."""
    await lock_and_pay(partner, None)
    return Statements(gateway)


async def test_a_lock_and_a_payment_cost_six_statements(
    statements: Statements, partner: PartnerClient
) -> None:
    costs = await per_call(statements, lambda: lock_and_pay(partner, None), LOCK_AND_PAY)

    assert costs == LOCK_AND_PAY
    assert sum(LOCK_AND_PAY.values()) <= MOST_STATEMENTS


async def test_with_idempotency_keys_they_cost_ten(
    statements: Statements, partner: PartnerClient
) -> None:
    costs = await per_call(statements, lambda: lock_and_pay(partner, new_id()), WITH_KEYS)

    assert costs == WITH_KEYS
    assert sum(WITH_KEYS.values()) <= MOST_STATEMENTS


async def test_a_status_costs_one_statement_and_the_log(
    statements: Statements, partner: PartnerClient
) -> None:
    order = new_id()
    await partner.pay(await partner.locked(TestBill()), order)

    wanted = {"FROM transaction": 1} | LOG

    assert await per_call(statements, lambda: partner.status(order), wanted) == wanted


async def test_a_replay_costs_one_statement_and_the_log(
    statements: Statements, partner: PartnerClient
) -> None:
    order, key = new_id(), new_id("KEY")
    token = await partner.locked(TestBill())
    await partner.pay(token, order, key=key)

    wanted = {"FROM idempotency": 1} | LOG

    costs = await per_call(statements, lambda: partner.pay(token, order, key=key), wanted)

    assert costs == wanted


async def test_a_lock_and_a_payment_are_one_short_history(
    partner: PartnerClient, evidence: Evidence
) -> None:
    histories = []
    for _ in range(RUNS):
        bill = TestBill()
        await lock_and_pay(partner, new_id(), bill)
        await evidence.end_of_lock(bill)
        histories.append((await evidence.history(bill)).events)
    # A busy machine only ever adds to it.
    events = min(histories, key=len)

    kinds = Counter(event.event_type for event in events)
    assert len(events) <= MOST_EVENTS
    assert kinds[EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED] == 3
    assert kinds[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED] == 1
    assert kinds[EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED] == 0
    assert History(events=events).ByteSize() <= MOST_HISTORY_BYTES


async def test_the_engine_is_called_twice_for_a_lock_and_a_payment_and_never_for_a_status(
    gateway: RunningGateway, partner: PartnerClient
) -> None:
    engine, order, key = EngineCalls(gateway), new_id(), new_id("KEY")
    token = await partner.locked(TestBill())
    await partner.pay(token, order, key=key)

    async def read() -> None:
        for _ in range(FEW):
            await partner.status(order)
            await partner.pay(token, order, key=key)

    async def write() -> None:
        for _ in range(FEW):
            await lock_and_pay(partner, new_id("KEY"))

    assert await engine.made_by(read) == {}
    assert await least(lambda: engine.made_by(write), ENGINE_CALLS) == ENGINE_CALLS


@pytest.mark.parametrize("folder", ["api", "workflows", "activities"])
def test_nothing_lists_workflows(folder: str) -> None:
    """The engine's index lags behind the truth and costs a query; ids are derived instead."""
    listing = {"list_workflows", "count_workflows", "list_workflow_executions"}
    for path in (REPOSITORY / folder).rglob("*.py"):
        names = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
        }
        assert not names & listing, path
