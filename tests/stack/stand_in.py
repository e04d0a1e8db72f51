"""Plays every program of the gateway, so that the stack can be tested without the gateway.

Copied under the names cli.py, worker.py and sandbox.py; its own name says which part to play.
"""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"state": "ready", "pid": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing: the log is for what the tests look for."""


def serve(port: str) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Health)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(json.dumps({"event": "server.listening", "level": "info", "port": port}), flush=True)
    server.serve_forever()


def work() -> None:
    Path(os.environ["QUITTANCE_READY_FILE"]).write_text("ready")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Event().wait()


def seed() -> None:
    assert os.environ["QUITTANCE_SEED_ACQUIRER_URL"].startswith("http://")
    assert os.environ["QUITTANCE_SEED_ACQUIRER_SECRETS"].startswith("NORTH=")
    assert ",SOUTH=whsec_" in os.environ["QUITTANCE_SEED_WEBHOOK_SECRETS"]
    print("a line that is no answer")
    ids = ("partner_1", "partner_2")
    partners = [{"id": one, "apiKey": f"qk_{one}", "secret": f"qs_{one}"} for one in ids]
    print(json.dumps({"partners": partners}))


def main() -> None:
    name, arguments = Path(__file__).stem, sys.argv[1:]
    part = arguments[0] if name == "cli" else name
    if part == os.environ.get("STAND_IN_BROKEN"):
        sys.exit(f"{part} is broken on purpose")
    if part == os.environ.get("STAND_IN_STUCK"):
        signal.pause()
    match part:
        case "seed":
            assert "--migrate" in arguments
            assert os.environ["QUITTANCE_MIGRATION_DATABASE_URL"]
            seed()
        case "demo":
            print("one bill was paid", flush=True)
        case "worker":
            work()
        case "sandbox":
            assert "QUITTANCE_SECRET_KEYS" not in os.environ
            assert ",SOUTH=" in os.environ["SANDBOX_ACQUIRER_SECRETS"]
            assert os.environ["SANDBOX_WEBHOOK_URL"].endswith("/v1/providers/{acquirer}/webhooks")
            serve(arguments[arguments.index("--port") + 1])
        case "api" | "operator":
            assert "QUITTANCE_MIGRATION_DATABASE_URL" not in os.environ
            serve(os.environ[f"QUITTANCE_{part.upper()}_PORT"])


main()
