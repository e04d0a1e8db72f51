"""A pretend partner's receiver: it keeps what comes, and misbehaves as it is told to."""

import signal
import socket
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import httpx2
import pytest

from tests.sandbox.running_sandbox import RunningSandbox
from tests.sandbox.till import eventually

_names = count(1)
BODY = '{"type":"bill.paid","sequence":1,"word":"é"}'.encode()


@pytest.fixture
def name() -> str:
    """A receiver that nobody has used."""
    return f"shop-{next(_names)}"


@pytest.fixture
def tell(sandbox: RunningSandbox, name: str) -> Callable[..., httpx2.Response]:
    def told(behaviour: str, **more: Any) -> httpx2.Response:
        return sandbox.control.post(
            f"/control/receivers/{name}", json={"behaviour": behaviour, **more}
        )

    return told


def post(
    sandbox: RunningSandbox, name: str, body: bytes = BODY, message: str = "evt_1"
) -> httpx2.Response:
    headers = {"webhook-id": message, "Webhook-Signature": "v1,abc"}
    return sandbox.receiver.post(f"/hooks/{name}", content=body, headers=headers)


def came(sandbox: RunningSandbox, name: str, **asked: int) -> list[dict[str, Any]]:
    answer = sandbox.control.get(f"/receiver/{name}/deliveries", params=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["deliveries"])


def test_what_comes_is_kept_as_it_came_and_for_each_name_apart(sandbox, name):
    first = post(sandbox, name)
    post(sandbox, name, b"\xff\x00", "evt_2")
    post(sandbox, f"{name}-other")

    assert (first.status_code, first.json()) == (200, {"received": 1})
    one, two = came(sandbox, name)
    assert (one["number"], one["body"], one["encoding"]) == (1, BODY.decode(), "utf-8")
    assert one["headers"]["webhook-id"] == "evt_1"
    assert one["headers"]["webhook-signature"] == "v1,abc"
    assert one["at"].endswith("Z")
    assert one["behaviour"] == "ordinary"
    assert (two["number"], two["body"], two["encoding"]) == (2, "/wA=", "base64")
    assert sandbox.control.get("/receiver").json()["receivers"][name] == 2


def test_what_came_is_read_in_pages_and_forgotten_when_told_to(sandbox, name):
    for _ in range(5):
        post(sandbox, name)

    assert [each["number"] for each in came(sandbox, name, limit=2)] == [1, 2]
    assert [each["number"] for each in came(sandbox, name, after=3)] == [4, 5]
    assert sandbox.control.delete(f"/receiver/{name}/deliveries").status_code == 200
    assert came(sandbox, name) == []
    assert post(sandbox, name).json() == {"received": 6}


def test_a_slow_one_answers_late_and_an_ordinary_one_again_at_once(sandbox, name, tell):
    tell("slow", delayMs=300, times=1)
    began = time.monotonic()
    assert post(sandbox, name).status_code == 200
    assert time.monotonic() - began >= 0.3
    assert post(sandbox, name).status_code == 200
    assert [each["behaviour"] for each in came(sandbox, name)] == ["slow", "ordinary"]


def test_a_dead_one_takes_it_and_says_nothing(sandbox, name, tell):
    tell("dead")
    with pytest.raises(httpx2.ReadTimeout):
        sandbox.receiver.post(f"/hooks/{name}", content=BODY, timeout=0.3)
    eventually(lambda: len(came(sandbox, name)) == 1)

    tell("dead", delayMs=100)
    with pytest.raises(httpx2.RemoteProtocolError):
        post(sandbox, name)


def test_one_that_refuses_resets_the_connection(sandbox, name, tell):
    tell("refuse")

    with pytest.raises(httpx2.ReadError):
        post(sandbox, name)
    assert [each["behaviour"] for each in came(sandbox, name)] == ["refuse"]


def test_a_flapping_one_fails_a_few_times_then_takes_one_and_fails_again(sandbox, name, tell):
    tell("flapping", failures=2, status=503)

    statuses = [post(sandbox, name).status_code for _ in range(6)]

    assert statuses == [503, 503, 200, 503, 503, 200]


def test_a_flapping_one_ends_after_its_times(sandbox, name, tell):
    tell("flapping", failures=1, times=3)

    assert [post(sandbox, name).status_code for _ in range(5)] == [500, 200, 500, 200, 200]


def test_a_redirect_leads_to_where_following_it_would_be_seen(sandbox, name, tell):
    tell("redirecting")

    answer = post(sandbox, name)
    assert (answer.status_code, answer.headers["location"]) == (307, f"/hooks/{name}-followed")
    assert came(sandbox, f"{name}-followed") == []
    sandbox.receiver.post(f"/hooks/{name}", content=BODY, follow_redirects=True)
    assert len(came(sandbox, f"{name}-followed")) == 1


def test_an_endless_one_does_not_stop_by_itself(sandbox, name, tell):
    tell("endless", delayMs=0)
    read = 0

    with sandbox.receiver.stream("POST", f"/hooks/{name}", content=BODY) as answer:
        assert answer.status_code == 200
        for piece in answer.iter_raw():
            read += len(piece)
            if read > 1_000_000:
                break

    assert read > 1_000_000
    assert post(sandbox, f"{name}-next").status_code == 200


def test_garbage_is_no_http_at_all(sandbox, name, tell):
    tell("garbage")
    with pytest.raises(httpx2.RemoteProtocolError):
        post(sandbox, name)

    with socket.create_connection(("127.0.0.1", sandbox.ports[3]), timeout=60) as raw:
        raw.sendall(f"POST /hooks/{name} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
        said = b"".join(iter(lambda: raw.recv(4096), b""))
    assert said.startswith(b"\x00\xff")


@pytest.mark.parametrize(
    ("behaviour", "how", "status", "retry_after"),
    [
        ("gone", {}, 410, None),
        ("busy", {}, 429, "2"),
        ("busy", {"retryAfterS": 7}, 429, "7"),
        ("error", {}, 500, None),
        ("error", {"status": 404}, 404, None),
    ],
)
def test_one_that_answers_with_a_no(sandbox, name, tell, behaviour, how, status, retry_after):
    tell(behaviour, **how)

    answer = post(sandbox, name)

    assert answer.status_code == status
    assert answer.headers.get("retry-after") == retry_after
    assert len(came(sandbox, name)) == 1


def test_a_setting_is_shown_and_taken_back(sandbox, name, tell):
    assert tell("busy", retryAfterS=9, times=4).json() == {
        "receiver": name,
        "behaviour": "busy",
        "delayMs": None,
        "retryAfterS": 9,
        "status": None,
        "failures": None,
        "times": 4,
    }
    path = f"/control/receivers/{name}"
    assert sandbox.control.get(path).json()["behaviour"] == "busy"
    assert sandbox.control.delete(path).json()["behaviour"] == "ordinary"
    assert post(sandbox, name).status_code == 200


@pytest.mark.parametrize(
    ("field", "setting"),
    [
        ("behaviour", {"behaviour": "asleep"}),
        ("delayMs", {"behaviour": "gone", "delayMs": 5}),
        ("delayMs", {"behaviour": "slow", "delayMs": -1}),
        ("retryAfterS", {"behaviour": "slow", "retryAfterS": 5}),
        ("status", {"behaviour": "gone", "status": 404}),
        ("status", {"behaviour": "error", "status": 200}),
        ("failures", {"behaviour": "error", "failures": 2}),
        ("times", {"behaviour": "ordinary", "times": 2}),
        ("surprise", {"surprise": 1}),
    ],
)
def test_what_would_have_no_effect_is_refused(sandbox, name, field, setting):
    answer = sandbox.control.post(f"/control/receivers/{name}", json=setting)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert sandbox.control.get(f"/control/receivers/{name}").json()["behaviour"] == "ordinary"


@pytest.mark.parametrize("wrong", ["a.b", "a b", "x" * 65])
def test_a_name_that_is_none_is_not_found(sandbox, wrong):
    assert sandbox.receiver.post(f"/hooks/{wrong}", content=BODY).status_code == 404
    assert sandbox.control.get(f"/receiver/{wrong}/deliveries").status_code == 404


def test_a_question_that_cannot_be_answered_is_refused(sandbox, name):
    for wrong in ({"after": "x"}, {"limit": "-1"}, {"since": "1"}):
        answer = sandbox.control.get(f"/receiver/{name}/deliveries", params=wrong)
        assert (answer.status_code, answer.json()["field"]) == (422, next(iter(wrong)))


def test_a_body_that_is_too_large_is_refused_and_not_kept(sandbox, name):
    assert post(sandbox, name, b"x" * 70_000).status_code == 413
    assert came(sandbox, name) == []


def test_a_restart_remembers_what_came_and_forgets_how_to_misbehave(start_sandbox, name):
    first = start_sandbox()
    post(first, f"{name}-gone")
    first.control.delete(f"/receiver/{name}-gone/deliveries")
    post(first, name)
    post(first, name, b"\xff")
    first.control.post(f"/control/receivers/{name}", json={"behaviour": "gone"})
    before = came(first, name)
    first.stop(signal.SIGKILL)

    second = start_sandbox(first)

    assert came(second, name) == before
    assert came(second, f"{name}-gone") == []
    assert post(second, name).json() == {"received": 3}
    assert second.control.get("/health").json()["receiverListener"] == "open"
