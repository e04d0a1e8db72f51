"""Serve the partner API with uvicorn; even what is not HTTP gets a signed envelope."""

import asyncio
from typing import Any, Final

import uvicorn
from prometheus_client import start_http_server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.app import partner_api
from api.door import SENT_TARGET, Door
from payments import logging
from payments.bootstrap import open_gateway
from payments.config import Settings

# Long for a line that is a few hundred bytes, short for who only wants to keep us waiting.
HEADERS_TIMEOUT_S: Final = 10.0


def protocol_of(door: Door) -> type[HttpToolsProtocol]:
    """What cannot be parsed reaches no app, so uvicorn would answer it; here the door does.

    And uvicorn would wait for ever for the headers of a request; here they come in time.
    """

    class SignedRefusals(HttpToolsProtocol):
        _late: asyncio.TimerHandle

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            self._await_headers()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._late.cancel()
            self._await_headers()

        def on_headers_complete(self) -> None:
            self._late.cancel()
            # Of the query uvicorn tells only what stands behind the question mark.
            self.scope["state"][SENT_TARGET] = self.url
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._late.cancel()
            super().connection_lost(exc)

        def _await_headers(self) -> None:
            self._late = self.loop.call_later(HEADERS_TIMEOUT_S, self._hang_up)

        def _hang_up(self) -> None:
            if self.cycle is None or self.cycle.response_complete:
                self.transport.close()

        def send_400_response(self, msg: str) -> None:
            del msg
            self.transport.pause_reading()
            self._refusing = asyncio.get_running_loop().create_task(self._refuse())

        async def _refuse(self) -> None:
            try:
                self.transport.write(await door.refuse_unparsed())
            finally:
                # Whatever happened to the answer, nobody is left waiting for more.
                self.transport.close()

    return SignedRefusals


def config_of(door: Door, host: str, port: int, **changes: Any) -> uvicorn.Config:
    """The one way we run uvicorn, in production, in tests and on the bench."""
    return uvicorn.Config(
        door,
        host=host,
        port=port,
        loop="uvloop",
        http=protocol_of(door),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        # An answer stored for a repeat carries its own date; the server must not add another.
        server_header=False,
        date_header=False,
        # Who speaks for whom is decided in api.addresses, by configuration alone.
        proxy_headers=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=15,
        **changes,
    )


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; requests under way are finished first."""
    logging.set_up(settings.log_format)
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port, addr=settings.metrics_host)
    async with open_gateway(settings) as gateway:
        door = partner_api(gateway)
        server = uvicorn.Server(config_of(door, settings.api_host, settings.api_port))
        await server.serve()
