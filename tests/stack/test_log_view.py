"""How the lines of the children look to a person."""

import io
import json
from pathlib import Path

from payments.stack.log_view import MOST_LINES_A_LOOK, LogView, render

LINE = {
    "event": "request.done",
    "level": "info",
    "timestamp": "2026-11-21T03:04:05.678901Z",
    "route": "/bill/pay",
    "status": 200,
    "reason": "two words",
}


def test_a_json_line_becomes_words() -> None:
    assert render(json.dumps(LINE), coloured=False) == (
        '03:04:05.678 info    request.done route=/bill/pay status=200 reason="two words"'
    )


def test_any_other_line_stays_as_it_is() -> None:
    assert render("plain words", coloured=False) == "plain words"
    assert render('{"half": ', coloured=False) == '{"half": '
    assert render('{"no": "event"}', coloured=False) == '{"no": "event"}'


def test_a_line_cannot_steer_the_terminal() -> None:
    sent_by_a_partner = json.dumps({"event": "x", "name": "\x1b[2J\r\n"})

    assert "\x1b" not in render(sent_by_a_partner, coloured=False)
    assert "\x1b" not in render("\x1b[2J", coloured=False)


def test_an_exception_keeps_its_lines() -> None:
    line = json.dumps({"event": "request.failed", "level": "error", "exception": "one\n  two"})

    assert render(line, coloured=False).splitlines() == ["error   request.failed", "one", "  two"]


def test_only_new_whole_lines_are_shown_with_a_name_in_front(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("before\n")
    out = io.StringIO()
    view = LogView(out)
    view.add("api", log)
    view.add("sandbox", tmp_path / "not-there-yet.log")

    with log.open("a") as file:
        file.write("first\nhalf of the sec")
        file.flush()
        view.look()
        file.write("ond\n")
        file.flush()
        view.look()

    assert out.getvalue() == "api     │ first\napi     │ half of the second\n"


def test_a_flood_is_cut_short_and_says_where_the_rest_is(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    out = io.StringIO()
    view = LogView(out)
    view.add("api", log)

    log.write_text("line\n" * (MOST_LINES_A_LOOK + 5))
    view.look()

    lines = out.getvalue().splitlines()
    assert len(lines) == MOST_LINES_A_LOOK + 1
    assert lines[-1] == f"api │ … 5 more lines in {log}"


def test_servers_are_shown_when_they_are_alarmed(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    out = io.StringIO()
    view = LogView(out)
    view.add("postgres", log, only_alarming=True)

    log.write_text("LOG:  checkpoint starting\nFATAL:  out of memory\n")
    view.look()

    assert out.getvalue() == "postgres │ FATAL:  out of memory\n"
