"""Logs: one JSON object a line, events named noun.verb, nothing secret and nobody's name."""

import logging
import sys
from typing import Final

import orjson
import structlog

_HUMAN: Final = "console"


def set_up(log_format: str) -> None:
    """Once per process. Errors of libraries go the same way as our own events."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    if log_format == _HUMAN:
        renderer: structlog.types.Processor = structlog.dev.ConsoleRenderer()
        factory: object = structlog.PrintLoggerFactory(sys.stdout)
    else:
        renderer = structlog.processors.JSONRenderer(serializer=_dumps)
        factory = structlog.BytesLoggerFactory(sys.stdout.buffer)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=factory,  # type: ignore[arg-type]  # either of the two factories above
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_ToStructlog()], level=logging.WARNING, force=True)


def _dumps(event: object, **_: object) -> bytes:
    return orjson.dumps(event, default=str)


class _ToStructlog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, "library.said", text=record.getMessage(), exc_info=record.exc_info)
