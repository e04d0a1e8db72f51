"""How we speak with Temporal: one client, one converter, one sandbox, one way to build workers.

Used by the API, by worker.py and by every test, so that what is tested is what runs.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from temporalio import activity
from temporalio.client import Client, GrpcCompression
from temporalio.common import SearchAttributeKey, WorkerDeploymentVersion
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)
from temporalio.envconfig import ClientConfig
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
)
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    PollerBehaviorAutoscaling,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkerDeploymentConfig,
    WorkerTuner,
    WorkflowRunner,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

# What an operator filters by. Values are visible to everybody who sees Temporal: no names.
BILLER_ID: Final = SearchAttributeKey.for_keyword("BillerId")
BILL_ID: Final = SearchAttributeKey.for_keyword("BillId")
PARTNER_ID: Final = SearchAttributeKey.for_keyword("PartnerId")
PAY_STATE: Final = SearchAttributeKey.for_keyword("PayState")
AMOUNT_MINOR: Final = SearchAttributeKey.for_int("AmountMinor")
PROVIDER: Final = SearchAttributeKey.for_keyword("Provider")

# In the memo of a lock: which request it was given to.
LOCK_ID: Final = "lockId"
# In the memo of a payout that a batch began: which of its rows.
ROW: Final = "row"

DEFAULT_ADDRESS: Final = "localhost:7233"
# What a running payment needs beyond the biller's time-out to end before its worker does.
LAST_WORDS: Final = timedelta(seconds=5)
HEARTBEAT_EVERY_S: Final = 1.0

_JSON: Final = PydanticJSONPlainPayloadConverter()


class SharedPydantic(CompositePayloadConverter):
    """The default converters with pydantic for JSON: 6 µs out and 4 µs in where the default needs
    42 and 84 (a Transaction, measured), and it knows timedelta and date.

    The SDK makes a converter for each workflow instance; the one JSON converter they share keeps
    its type adapters warm.
    """

    def __init__(self) -> None:
        super().__init__(
            *(
                _JSON if isinstance(converter, JSONPlainPayloadConverter) else converter
                for converter in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )


DATA_CONVERTER: Final = DataConverter(payload_converter_class=SharedPydantic)

# The guard against a workflow that is not deterministic. Every story of tests/replay is replayed in
# it; production does without: it loads every workflow module afresh for each run, which costs a
# lock and its payment a third of their rate (measured: 34/s in it, 45/s without).
SANDBOX: Final = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(
        "activities", "payments", "pydantic", "pydantic_core", "iso4217"
    )
)
UNGUARDED: Final = UnsandboxedWorkflowRunner()


async def connect(*, metrics: str | None = None) -> Client:
    """The address comes from Temporal's own environment profile (TEMPORAL_ADDRESS, …)."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", DEFAULT_ADDRESS)
    return await Client.connect(
        **config,
        data_converter=DATA_CONVERTER,
        # On one network the compression costs more time than the bytes it saves.
        grpc_compression=GrpcCompression.NONE,
        identity=f"{os.getpid()}@{socket.gethostname()}",
        runtime=_runtime(metrics),
    )


def _runtime(metrics: str | None) -> Runtime:
    """Our own and not the SDK's default one, which lives until the interpreter is half gone.

    `metrics` is the host:port where the SDK shows its numbers; private, always.
    """
    # What the engine's core says goes through our own log, which lets no card number pass.
    said = LogForwardingConfig(logging.getLogger("temporalio.core"))
    log = LoggingConfig(LoggingConfig.default.filter, forwarding=said)
    if metrics is None:
        return Runtime(telemetry=TelemetryConfig(logging=log))
    prometheus = PrometheusConfig(
        bind_address=metrics,
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
    )
    return Runtime(telemetry=TelemetryConfig(logging=log, metrics=prometheus))


def make_worker(
    client: Client,
    *,
    task_queue: str,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]],
    longest_call: timedelta = timedelta(seconds=10),
    build_id: str = "dev",
    max_cached_workflows: int = 2000,
    interceptors: Sequence[Interceptor] = (),
    workflow_runner: WorkflowRunner = UNGUARDED,
) -> Worker:
    return Worker(
        client,
        task_queue=task_queue,
        workflows=workflows,
        activities=activities,
        workflow_runner=workflow_runner,
        interceptors=[Heartbeats(), *interceptors],
        # A name for what runs; without one the SDK hashes every module at start.
        deployment_config=WorkerDeploymentConfig(
            version=WorkerDeploymentVersion(deployment_name="quittance", build_id=build_id),
            use_worker_versioning=False,
        ),
        # A workflow task keeps its slot while its local activities wait for a biller, and a hanging
        # biller must not stop the others: slots are plenty, what waits costs nothing.
        tuner=WorkerTuner.create_fixed(
            workflow_slots=200, activity_slots=500, local_activity_slots=200, nexus_slots=1
        ),
        # The default of five polls leaves one for all new locks and payments.
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(minimum=4, maximum=32, initial=8),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(minimum=4, maximum=32, initial=8),
        max_cached_workflows=max_cached_workflows,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=5),
        max_heartbeat_throttle_interval=timedelta(seconds=HEARTBEAT_EVERY_S),
        graceful_shutdown_timeout=longest_call + LAST_WORDS,
    )


class Heartbeats(Interceptor):
    """Heartbeats for every activity that has a heartbeat time-out, so that a killed worker is
    noticed in seconds. A call that ends within the first second sends none.
    """

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Heartbeating(next)


class _Heartbeating(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        info = activity.info()
        if info.is_local or info.heartbeat_timeout is None:
            return await super().execute_activity(input)
        beats = asyncio.create_task(_beat())
        try:
            return await super().execute_activity(input)
        finally:
            beats.cancel()
            with suppress(asyncio.CancelledError):
                await beats


async def _beat() -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_EVERY_S)
        activity.heartbeat()
