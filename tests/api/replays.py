"""What a repeat must be: the first answer, and one word more."""

from tests.running_gateway import Answer

REPLAYED = "idempotent-replayed"


def same_bytes(first: Answer, again: Answer) -> None:
    """Status, ordered headers and body; the one addition says that it is a repeat."""
    assert again.http_status == first.http_status
    assert REPLAYED not in first.headers
    assert again.headers.raw[: len(first.headers.raw)] == first.headers.raw
    added = again.headers.raw[len(first.headers.raw) :]
    assert [(name.lower(), value) for name, value in added] == [(REPLAYED.encode(), b"true")]
    assert REPLAYED not in again.headers["signature-input"]
    assert again.content == first.content
