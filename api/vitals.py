"""The record's vital signs as Prometheus gauges, read when somebody asks."""

from typing import Final

from prometheus_client import Gauge

from payments.ports.vitals import Vitals

_GAUGES: Final[dict[str, Gauge]] = {}


async def measure(vitals: Vitals) -> None:
    """Raises RecordUnavailable: a scrape that fails is an alert, a stale number is a lie."""
    for vital in await vitals.read():
        gauge = _GAUGES.get(vital.name)
        if gauge is None:
            name = f"quittance_{vital.name}"
            gauge = _GAUGES[vital.name] = Gauge(name, vital.name, sorted(vital.labels))
        (gauge.labels(**vital.labels) if vital.labels else gauge).set(vital.value)
