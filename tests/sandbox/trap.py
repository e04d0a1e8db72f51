"""An endpoint that takes webhooks and keeps them, and can be told to answer badly."""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.sandbox.till import eventually


@dataclass(frozen=True)
class Caught:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def payment(self) -> dict[str, Any]:
        return dict(self.json["data"]["payment"])


class Trap:
    def __init__(self) -> None:
        self.caught: list[Caught] = []
        # How the next ones are answered; then 200.
        self.answers: list[int] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks/{{acquirer}}?v=1"

    def about(self, reference: str) -> list[Caught]:
        return [one for one in list(self.caught) if one.payment["reference"] == reference]

    def wait(self, reference: str, number: int) -> list[Caught]:
        eventually(lambda: len(self.about(reference)) >= number)
        return self.about(reference)

    def answer(self, statuses: Iterable[int]) -> None:
        self.answers.extend(statuses)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        trap = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                trap.caught.append(Caught(self.path, headers, body))
                self.send_response(trap.answers.pop(0) if trap.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        return Handler

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
