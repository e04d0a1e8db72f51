"""HTML pages of the acquirers' origin: no asset from elsewhere, nothing inline, nothing kept."""

from html import escape
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sandbox.answers import Endpoint

_FOLDER = Path(__file__).with_name("pages")
_TYPES = {".js": "text/javascript", ".css": "text/css"}
_NOWHERE = {
    "Cache-Control": "no-store",
    # The address of a page holds a client token or a challenge's name.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page(
    name: str,
    *,
    policy: str,
    status: int = 200,
    markup: str = "",
    more_markup: str = "",
    **texts: str,
) -> HTMLResponse:
    """Fill a page. Every text is escaped; only markup is taken as it is."""
    filled = Template((_FOLDER / name).read_text(encoding="utf-8")).substitute(
        {each: escape(text) for each, text in texts.items()}
        | {"markup": markup, "more_markup": more_markup}
    )
    strict = f"default-src 'none'; style-src 'self'; base-uri 'none'; {policy}"
    headers = _NOWHERE | {"Content-Security-Policy": strict}
    return HTMLResponse(filled, status, headers=headers)


def asset(name: str, *, for_other_sites: bool = False) -> tuple[str, str, Endpoint]:
    """A route to one file of the folder."""
    content = (_FOLDER / name).read_bytes()
    reach = "cross-origin" if for_other_sites else "same-origin"
    headers = {
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": reach,
    }

    async def serve(_: Request) -> Response:
        return Response(content, headers=headers, media_type=_TYPES[Path(name).suffix])

    return ("GET", f"/{name}", serve)
