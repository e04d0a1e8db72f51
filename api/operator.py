"""The operator's app: its console, health, metrics, answers in JSON, the API's documentation.

A port of its own, never public.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from api import vitals
from api.app import batch_desk, routes
from api.console import batches, cases, disputes, frame, payouts, webhook_actions, webhooks
from api.console.app import console
from api.console.desk import WebhookConsole
from api.operations import operations
from payments import logging
from payments.bootstrap import Gateway, open_gateway, rule_desk
from payments.config import Settings
from payments.ports.record import RecordUnavailable

_STATIC: Final = Path(__file__).parent / "static"


def _pages(gateway: Gateway) -> list[Route]:
    desk = WebhookConsole.of(gateway)
    return [
        *webhooks.routes(desk),
        *webhook_actions.routes(desk),
        *batches.routes(batch_desk(gateway)),
        *payouts.routes(payouts.PayoutConsole.of(gateway)),
        *disputes.routes(gateway.record.disputes, gateway.record.evidence),
        *cases.routes(cases.CaseConsole.of(gateway)),
    ]


@cache
def _partner_document() -> dict[str, Any]:
    """Made when it is first asked for: that takes as long as the rest of a start."""
    return routes().openapi()


def operator_app(gateway: Gateway) -> FastAPI:
    """Works offline: every asset of the pages is served from here."""
    app = FastAPI(title="Quittance operator", openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")

    app.mount(frame.ROOT, console(_pages(gateway), gateway.settings.operator_names))
    app.include_router(operations(gateway.record, rule_desk(gateway.record, gateway.providers)))

    @app.exception_handler(RecordUnavailable)
    async def without_the_record(request: Request, error: Exception) -> Response:
        del request, error
        return JSONResponse({"detail": "the record does not answer"}, 503)

    @app.get("/")
    @app.get(frame.ROOT)
    async def home() -> Response:
        return RedirectResponse(f"{frame.ROOT}/")

    @app.get("/health")
    async def health() -> Response:
        refused = await gateway.ready()
        state = "ready" if refused is None else "unready"
        return JSONResponse({"state": state, "code": refused}, 200 if refused is None else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        await vitals.measure(gateway.record.vitals)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/openapi.json")
    async def document() -> Response:
        return JSONResponse(_partner_document())

    @app.get("/docs")
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Quittance partner API",
            swagger_js_url="/static/swagger-ui/swagger-ui-bundle.js",
            swagger_css_url="/static/swagger-ui/swagger-ui.css",
            swagger_favicon_url="/static/swagger-ui/favicon-32x32.png",
        )

    return app


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    logging.set_up(settings.log_format)
    async with open_gateway(settings) as gateway:
        config = uvicorn.Config(
            operator_app(gateway),
            host=settings.operator_host,
            port=settings.operator_port,
            lifespan="off",
            access_log=False,
            log_config=None,
        )
        await uvicorn.Server(config).serve()
