"""Logs: one JSON object a line, events named noun.verb, nothing secret, nobody's name, no card."""

import logging
import sys
import threading
from types import TracebackType
from typing import Any, Final

import orjson
import structlog

from payments.domain.card_numbers import redact, redact_all

_HUMAN: Final = "console"
# Made by us, in formats of our own.
_OURS: Final = frozenset(
    {"level", "timestamp", "trace", "replay_of", "request_hash"}
    | {"http_status", "latency_us", "downstream"}
)


def set_up(log_format: str) -> None:
    """Once per process. Errors of libraries, caught or not, go the same way as our own events."""
    shared: list[structlog.types.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_card_numbers,
    ]
    if log_format == _HUMAN:
        renderers: list[structlog.types.Processor] = [structlog.dev.ConsoleRenderer(), _line]
        factory: object = structlog.PrintLoggerFactory(sys.stdout)
    else:
        renderers = [structlog.processors.JSONRenderer(serializer=_dumps)]
        factory = structlog.BytesLoggerFactory(sys.stdout.buffer)
    structlog.configure(
        processors=[*shared, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=factory,  # type: ignore[arg-type]  # either of the two factories above
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_ToStructlog()], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda said: _uncaught(said.exc_type, said.exc_value, said.exc_traceback)
    threading.excepthook = lambda said: _uncaught(said.exc_type, said.exc_value, said.exc_traceback)


def without_card_numbers(
    _logger: Any, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """The last look at a line, whoever wrote it: all values, whole tracebacks included."""
    for name, value in event.items():
        if value is None or name in _OURS:
            continue
        if type(value) is str:
            event[name] = redact(value)
        elif isinstance(value, (str, int, float, dict, list, tuple)):
            event[name] = redact_all(value)
        else:
            # What it looks like is decided here and not by the renderer, which comes after.
            event[name] = redact(str(value))
    return event


def _line(_logger: Any, _method: str, line: Any) -> str:
    """What only the renderer for people has turned into text."""
    return redact(line)


def _dumps(event: object, **_: object) -> bytes:
    return orjson.dumps(event, default=_last_look)


def _last_look(value: object) -> str:
    return redact(str(value))


def _uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error or kind(), traceback)
        return
    info = (kind, error or kind(), traceback)
    structlog.get_logger("python").error("exception.uncaught", exc_info=info)


class _ToStructlog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, "library.said", text=record.getMessage(), exc_info=record.exc_info)
