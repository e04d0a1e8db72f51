"""`cli.py webhooks`, as an operator types it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from payments.adapters.postgres.delivery_log import PostgresDeliveryLog
from payments.adapters.postgres.endpoints import PostgresEndpoints
from payments.adapters.postgres.outbox import PostgresOutbox
from payments.db.session import Database
from payments.domain.webhook import DeliveryState, Disabled, Endpoint, EndpointState, SigningSecrets
from tests.command_line import typed
from tests.contracts.direct import Direct
from tests.contracts.partner_stages import VAULT
from tests.contracts.test_provider_command import environment
from tests.webhook_factories import make_endpoint

assert environment, "a fixture"

SECRETS = SigningSecrets("whsec_of_nobody")


@pytest.fixture
async def endpoints(database: Database) -> PostgresEndpoints:
    return PostgresEndpoints(database, VAULT)


@pytest.fixture
async def outbox(database: Database) -> AsyncIterator[PostgresOutbox]:
    """Everything before is planned."""
    outbox = PostgresOutbox(database, VAULT)
    await outbox.plan(1_000)
    yield outbox
    await outbox.close()


@pytest.fixture
async def endpoint(endpoints: PostgresEndpoints) -> Endpoint:
    """The only one of its partner."""
    endpoint = make_endpoint()
    assert await endpoints.add(endpoint, SECRETS, 16)
    return endpoint


def place(endpoint: Endpoint) -> tuple[str, str]:
    return endpoint.partner_id, endpoint.endpoint_id


def numbers(environment: dict[str, str]) -> dict[str, float]:
    """The lag, by the words before each colon."""
    lines = typed(environment, "webhooks", "lag").stdout.splitlines()
    pairs = [line.split(": ") for line in lines]
    return {name: float(number.removesuffix(" s")) for name, number in pairs}


async def test_endpoints_are_listed_without_their_secrets(
    environment: dict[str, str], endpoint: Endpoint
) -> None:
    told = typed(environment | {"COLUMNS": "200"}, "webhooks", "list", endpoint.partner_id).stdout

    assert endpoint.endpoint_id in told
    assert endpoint.url in told
    assert "whsec" not in told
    assert typed(environment, "webhooks", "list", "partner_nobody").stdout == "no endpoints\n"


async def test_an_operator_disables_and_enables_an_endpoint(
    environment: dict[str, str], endpoints: PostgresEndpoints, endpoint: Endpoint
) -> None:
    assert typed(environment, "webhooks", "disable", *place(endpoint)).stdout == "disabled\n"
    off = await endpoints.find(*place(endpoint))
    assert typed(environment, "webhooks", "enable", *place(endpoint)).stdout == "enabled\n"
    on = await endpoints.find(*place(endpoint))

    assert off is not None
    assert (off.state, off.disabled) == (EndpointState.DISABLED, Disabled.BY_OPERATOR)
    assert on == endpoint


async def test_failures_are_replayed_at_an_endpoint_that_is_enabled(
    environment: dict[str, str],
    database: Database,
    endpoints: PostgresEndpoints,
    outbox: PostgresOutbox,
    endpoint: Endpoint,
) -> None:
    log, at = PostgresDeliveryLog(database), place(endpoint)
    event = await log.test_event(endpoint, uuid4(), datetime.now(UTC))
    await outbox.plan(100)
    await endpoints.disable(*at, Disabled.BY_PARTNER, datetime.now(UTC))

    refused = typed(environment, "webhooks", "replay-failures", *at)
    await endpoints.enable(*at)
    done = typed(environment, "webhooks", "replay-failures", *at)

    assert (refused.returncode, "is disabled" in refused.stderr) == (1, True)
    assert done.stdout == "1 on their way again\n"
    rounds = await log.rounds(event.event_id, endpoint.endpoint_id)
    assert [each.state for each in rounds] == [DeliveryState.CANCELED, DeliveryState.PENDING]


async def test_a_time_is_replayed_to_its_end_however_much_happened(
    environment: dict[str, str], direct: Direct, endpoint: Endpoint
) -> None:
    await direct.run(
        f"""INSERT INTO event (partner_id, object_type, object_id, sequence, type, data,
            occurred_at)
        SELECT '{endpoint.partner_id}', 'payment', '{endpoint.endpoint_id}', n,
            'payment.captured', '{{}}', '2026-04-01T00:00:00Z'::timestamptz + n * interval '1 s'
        FROM generate_series(1, 10010) AS n;
        DELETE FROM event_unplanned"""
    )

    command = ("webhooks", "replay-between", *place(endpoint))
    done = typed(environment, *command, "2026-04-01T00:00:03", "2026-04-02")
    again = typed(environment, *command, "2026-04-01", "2026-04-02")

    assert done.stdout == "10008 on their way again\n", done.stderr
    assert again.stdout == "2 on their way again\n"


async def test_the_lag_is_told(
    environment: dict[str, str], database: Database, outbox: PostgresOutbox, endpoint: Endpoint
) -> None:
    before = numbers(environment)
    await PostgresDeliveryLog(database).test_event(endpoint, uuid4(), datetime.now(UTC))
    told = numbers(environment)
    await outbox.plan(100)
    planned = numbers(environment)

    events, untried = "events not planned", "deliveries never tried"
    assert [each[events] for each in (before, told, planned)] == [0, 1, 0]
    assert [each[untried] - before[untried] for each in (told, planned)] == [0, 1]
    assert planned["the oldest of them waits for"] > 0


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("disable", ()),
        ("enable", ()),
        ("replay-failures", ()),
        ("replay-between", ("2026-04-01", "2026-04-02")),
    ],
)
async def test_an_endpoint_that_the_partner_has_not_is_told_of_plainly(
    environment: dict[str, str],
    endpoints: PostgresEndpoints,
    endpoint: Endpoint,
    command: str,
    more: tuple[str, ...],
) -> None:
    refused = typed(environment, "webhooks", command, "partner_2", endpoint.endpoint_id, *more)

    assert refused.returncode == 1
    assert "the partner has no endpoint whe_" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert await endpoints.find(*place(endpoint)) == endpoint
