"""Every call for disputes as a value: what to ask, and how to read the answer."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from quittance.card_operations import segment
from quittance.card_results import Payment
from quittance.dispute_results import AllEvidence, Dispute, DisputeFile, Evidence
from quittance.listings import Listing
from quittance.operations import Audience, Operation, key_for
from quittance.reading import Envelope

T = TypeVar("T")

_DISPUTES: Final = "/v1/disputes"


def list_disputes(
    status: str | None, payment: Payment | str | None, page_size: int
) -> Listing[Dispute]:
    about = payment.id if isinstance(payment, Payment) else payment
    query = {"status": status, "paymentId": about}
    return Listing(_DISPUTES, "disputes", Dispute.of, Audience.PAYMENTS, query, page_size)


def get_dispute(dispute: Dispute | str) -> Operation[Dispute]:
    return Operation("GET", _path(dispute), Dispute.read, Audience.PAYMENTS)


def get_evidence(dispute: Dispute | str) -> Operation[AllEvidence]:
    return Operation("GET", _path(dispute, "evidence"), AllEvidence.read, Audience.PAYMENTS)


def give_file(
    dispute: Dispute | str, content: bytes, media_type: str, key: str | None
) -> Operation[DisputeFile]:
    return Operation(
        "POST",
        _path(dispute, "files"),
        DisputeFile.read,
        Audience.PAYMENTS,
        content=content,
        media_type=media_type,
        key=key_for(key),
    )


def add_evidence(
    dispute: Dispute | str,
    texts: Mapping[str, str],
    files: Mapping[str, DisputeFile | str],
    key: str | None,
) -> Operation[Evidence]:
    named = {
        about: file.id if isinstance(file, DisputeFile) else file for about, file in files.items()
    }
    body = {"texts": dict(texts), "files": named}
    return _write(_path(dispute, "evidence"), Evidence.read, body, key)


def submit(dispute: Dispute | str, version: int | None, key: str | None) -> Operation[Dispute]:
    body = {} if version is None else {"version": version}
    return _write(_path(dispute, "submit"), Dispute.read, body, key)


def accept(dispute: Dispute | str, key: str | None) -> Operation[Dispute]:
    return _write(_path(dispute, "accept"), Dispute.read, None, key)


def _write(
    path: str,
    read: Callable[[Envelope], T],
    body: Mapping[str, object] | None,
    key: str | None,
) -> Operation[T]:
    return Operation("POST", path, read, Audience.PAYMENTS, body=body, key=key_for(key))


def _path(dispute: Dispute | str, *verb: str) -> str:
    dispute_id = dispute.id if isinstance(dispute, Dispute) else dispute
    return "/".join((_DISPUTES, segment(dispute_id), *verb))
