"""Serve the partner API with uvicorn; even what is not HTTP gets a signed envelope."""

import asyncio
from typing import Any

import uvicorn
from prometheus_client import start_http_server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.app import partner_api
from api.door import Door
from payments import logging
from payments.bootstrap import open_gateway
from payments.config import Settings


def protocol_of(door: Door) -> type[HttpToolsProtocol]:
    """What cannot be parsed reaches no app, so uvicorn would answer it; here the door does."""

    class SignedRefusals(HttpToolsProtocol):
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
