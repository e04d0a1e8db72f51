"""A file is whole and of one type, by its first and last bytes alone."""

import pytest

from payments.domain.evidence import MediaType, flaw_in
from tests.evidence_files import JPEG, PDF, PNG

FILES = {MediaType.PDF: PDF, MediaType.PNG: PNG, MediaType.JPEG: JPEG}
SVG = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"
HTML = b"<!doctype html><script>1</script>"


@pytest.mark.parametrize("media_type", list(MediaType))
def test_a_whole_file_of_its_type_is_taken_and_of_no_other(media_type: MediaType) -> None:
    taken = {each for each in MediaType if flaw_in(FILES[media_type], each) is None}

    assert taken == {media_type}


@pytest.mark.parametrize("media_type", list(MediaType))
@pytest.mark.parametrize("other", [SVG, HTML, b"", b"PK\x03\x04", b"\n"])
def test_what_is_something_else_or_something_else_first_is_refused(
    other: bytes, media_type: MediaType
) -> None:
    begins = f"does not begin like {media_type}"

    assert flaw_in(other, media_type) == begins
    assert not other or flaw_in(other + FILES[media_type], media_type) == begins


@pytest.mark.parametrize("media_type", list(MediaType))
@pytest.mark.parametrize("more", [HTML, SVG, b"PK\x05\x06" + bytes(18), PDF[:-7], b"x"])
def test_what_goes_on_behind_its_end_is_refused(more: bytes, media_type: MediaType) -> None:
    assert flaw_in(FILES[media_type] + more, media_type) == f"does not end like {media_type}"


@pytest.mark.parametrize("media_type", list(MediaType))
def test_what_was_cut_off_is_refused(media_type: MediaType) -> None:
    cut = FILES[media_type].rstrip()[:-1]

    assert flaw_in(cut, media_type) == f"does not end like {media_type}"


def test_a_pdf_may_end_in_white_space() -> None:
    assert flaw_in(PDF + b"\r\n\x00 \t\n" * 100, MediaType.PDF) is None
    assert flaw_in(PDF + b"\n" * 2_000, MediaType.PDF) is not None
