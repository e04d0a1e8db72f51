"""Every call for batches as a value: what to ask, and how to read the answer."""

from collections.abc import Callable
from typing import TypeVar

from quittance.batch_results import Batch, BatchKind, file_of
from quittance.card_operations import segment
from quittance.listings import Listing
from quittance.operations import Audience, Operation, key_for
from quittance.reading import Envelope

T = TypeVar("T")

_BATCHES = "/v1/batches"
# Each kind takes a token of its own.
_AUDIENCES = {
    BatchKind.BILL_PAYMENTS: Audience.BILLS,
    BatchKind.PAYOUTS: Audience.PAYOUTS,
}


def create(
    kind: BatchKind, content: bytes, reference: str, media_type: str, key: str | None
) -> Operation[Batch]:
    return Operation(
        "POST",
        _BATCHES,
        Batch.read,
        _AUDIENCES[kind],
        query={"reference": reference, "kind": kind.value},
        content=content,
        media_type=media_type,
        key=key_for(key),
    )


def get(kind: BatchKind, batch: Batch | str) -> Operation[Batch]:
    return _read(kind, _path(batch), Batch.read)


def list_batches(kind: BatchKind, page_size: int) -> Listing[Batch]:
    return Listing(_BATCHES, "batches", Batch.of, _AUDIENCES[kind], {}, page_size)


def results(kind: BatchKind, batch: Batch | str, format_: str) -> Operation[bytes]:
    return Operation(
        "GET",
        _path(batch, "results"),
        file_of,
        _AUDIENCES[kind],
        query={"format": format_},
        is_file=True,
    )


def move(kind: BatchKind, batch: Batch | str, how: str, key: str | None) -> Operation[Batch]:
    """`pause`, `resume` or `cancel`."""
    return Operation("POST", _path(batch, how), Batch.read, _AUDIENCES[kind], key=key_for(key))


def _read(kind: BatchKind, path: str, read: Callable[[Envelope], T]) -> Operation[T]:
    return Operation("GET", path, read, _AUDIENCES[kind])


def _path(batch: Batch | str, *more: str) -> str:
    name = batch.id if isinstance(batch, Batch) else batch
    return "/".join([_BATCHES, segment(name), *more])
