"""A TCP listener that can really close, open again on its port, and cut its callers off.

uvicorn's own server stops for good once; "the biller is down for an hour" needs more. So uvicorn's
HTTP protocol is used here without its server.
"""

import asyncio
import socket
import struct
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

BACKLOG = 2048
# Longer than a client keeps a pooled connection, so that ours is never the side that closes first.
KEEP_ALIVE_S = 75
TRANSPORT = "sandbox.transport"


class Listener:
    def __init__(self, app: ASGIApp, *, host: str, port: int) -> None:
        """Take the port at once, but refuse connections until `open`."""
        self._state = ServerState()
        self._config = uvicorn.Config(
            _quiet_when_cancelled(app),
            http=ReachableTransport,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            proxy_headers=False,
        )
        self._config.load()
        self._socket = _bound(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def is_open(self) -> bool:
        return self._server is not None

    async def open(self) -> None:
        if self._server is None:
            self._server = await asyncio.get_running_loop().create_server(
                self._protocol, sock=self._socket, backlog=BACKLOG
            )

    def close(self) -> None:
        """Refuse new connections and cut the living ones, in the middle of an answer if need be.

        The port is bound again at once without listening: callers are refused, and no other process
        can take the port while the biller is down.
        """
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._cut_connections()
        self._socket = _bound(self.host, self.port)

    async def shut_down(self, *, grace_s: float) -> None:
        """Let quick answers finish, then end everything that is left, also hanging requests."""
        if self._server is not None:
            self._server.close()
        else:
            self._socket.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        running = set(self._state.tasks)
        if running:
            _, running = await asyncio.wait(running, timeout=grace_s)
        self._cut_connections()
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=grace_s)

    def _protocol(self) -> asyncio.Protocol:
        return ReachableTransport(self._config, self._state, app_state={})

    def _cut_connections(self) -> None:
        for connection in list(self._state.connections):
            # All are ours; uvicorn's type also allows protocols that hide their transport.
            assert isinstance(connection, ReachableTransport)
            connection.transport.abort()


class ReachableTransport(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with the connection itself within reach of the application."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: dict[str, Any] = {TRANSPORT: self.transport}
        self.scope["extensions"] = extensions


def cut(scope: Scope) -> None:
    """Close the connection of this request without another byte."""
    _transport(scope).abort()


def reset(scope: Scope) -> None:
    """Answer with a TCP reset: a linger of zero makes the kernel send RST instead of FIN."""
    transport = _transport(scope)
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


def say(scope: Scope, content: bytes) -> None:
    """These bytes and no others, whatever HTTP has to say of it; then the end."""
    transport = _transport(scope)
    transport.write(content)
    transport.close()


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport = scope["extensions"][TRANSPORT]
    return transport


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def _quiet_when_cancelled(app: ASGIApp) -> ASGIApp:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            # Only our shutdown cancels, after it cut the connection. uvicorn would report a request
            # without an answer as a crash unless it knows that nobody is left to be told.
            await disconnected(receive)

    return serve


async def disconnected(receive: Receive) -> None:
    """Wait until the caller is gone, or was cut off."""
    while (await receive())["type"] != "http.disconnect":
        pass
