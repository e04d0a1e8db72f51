"""Every call for batches as a value: what to ask, and how to read the answer."""

from collections.abc import Callable
from typing import TypeVar

from quittance.batch_results import Batch, BatchPage, file_of
from quittance.card_operations import segment
from quittance.operations import Audience, Operation, key_for
from quittance.reading import Envelope

T = TypeVar("T")

_BATCHES = "/v1/batches"


def create(content: bytes, reference: str, media_type: str, key: str | None) -> Operation[Batch]:
    return Operation(
        "POST",
        _BATCHES,
        Batch.read,
        Audience.BILLS,
        query={"reference": reference},
        content=content,
        media_type=media_type,
        key=key_for(key),
    )


def get(batch: Batch | str) -> Operation[Batch]:
    return _read(_path(batch), Batch.read)


def list_page(page_size: int, after: str | None) -> Operation[BatchPage]:
    query = {"limit": str(page_size)} | ({} if after is None else {"after": after})
    return Operation("GET", _BATCHES, BatchPage.read, Audience.BILLS, query=query)


def results(batch: Batch | str, format_: str) -> Operation[bytes]:
    return Operation(
        "GET",
        _path(batch, "results"),
        file_of,
        Audience.BILLS,
        query={"format": format_},
        is_file=True,
    )


def move(batch: Batch | str, how: str, key: str | None) -> Operation[Batch]:
    """`pause`, `resume` or `cancel`."""
    return Operation("POST", _path(batch, how), Batch.read, Audience.BILLS, key=key_for(key))


def _read(path: str, read: Callable[[Envelope], T]) -> Operation[T]:
    return Operation("GET", path, read, Audience.BILLS)


def _path(batch: Batch | str, *more: str) -> str:
    name = batch.id if isinstance(batch, Batch) else batch
    return "/".join([_BATCHES, segment(name), *more])
