"""What Prometheus sees of the partner API. Labels are routes and codes, never raw paths."""

from functools import cache
from typing import Final

from prometheus_client import Counter, Histogram

from payments.domain.codes import Code

REQUESTS: Final = Counter(
    "quittance_requests_total", "Answered requests", ["endpoint", "partner", "code"]
)
LATENCY: Final = Histogram(
    "quittance_request_duration_seconds",
    "Time from the first byte read to the answer ready to send",
    ["endpoint"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

INCIDENTS: Final = Counter(
    "quittance_incidents_total", "What must not have happened", ["kind", "partner"]
)


WEBHOOKS: Final = Counter(
    "quittance_webhooks_total",
    "Events from providers: how each one stands, or why it was refused",
    ["provider", "outcome"],
)


def webhook(provider: str, outcome: str) -> None:
    """`provider` is one of ours, never what a stranger wrote into the path."""
    WEBHOOKS.labels(provider, outcome).inc()


def observe(endpoint: str, partner_id: str | None, code: Code | str, latency_us: int) -> None:
    _requests(endpoint, partner_id or "anon", code).inc()
    _latency(endpoint).observe(latency_us / 1e6)


def count_incident(kind: str, partner_id: str | None) -> None:
    INCIDENTS.labels(kind, partner_id or "anon").inc()


# Looking a child up by its labels costs more than counting with it.
_requests = cache(REQUESTS.labels)
_latency = cache(LATENCY.labels)
