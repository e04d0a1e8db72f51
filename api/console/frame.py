"""What every page of the console stands in: its template, its headers, and who may press a button.

The port is private, but the browser of an operator reaches it, and with it every page that the
browser shows. So another site's page must neither press our buttons (cross-site requests are
refused) nor read what we show by giving its own name our address (unknown names are refused).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.schemas import rfc3339

ROOT: Final = "/console"
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none';"
        " base-uri 'none'"
    ),
    # With no-referrer, a browser would not say either from where a form comes.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_READS: Final = frozenset({"GET", "HEAD"})
_HERE: Final = Path(__file__).parent
STYLES: Final = (_HERE / "static" / "console.css").read_bytes()
_AGES: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _age(at: datetime) -> str:
    """How long ago, or until then."""
    between = datetime.now(UTC) - at
    ago = _span(abs(between))
    return f"{ago} ago" if between >= timedelta(0) else f"in {ago}"


def _span(duration: timedelta) -> str:
    """In the largest unit of which there are at least two."""
    seconds = int(duration.total_seconds())
    size, unit = next((each for each in _AGES if seconds >= 2 * each[0]), _AGES[-1])
    return f"{seconds // size} {unit}"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        # Whatever a template shows is text, unless the template itself wrote it.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"rfc3339": rfc3339, "moment": _moment, "age": _age, "span": _span}
    made.globals["root"] = ROOT
    return made


_TEMPLATES: Final = _environment()


def page(template: str, status_code: int = 200, **told: Any) -> HTMLResponse:
    return HTMLResponse(_TEMPLATES.get_template(template).render(told), status_code)


def refused(request: Request, http_status: int, what: str) -> HTMLResponse:
    """The page of every "no": what is wrong, and the way back."""
    # Of what broke on the way nobody can say here whether it was done before.
    is_undone = request.method not in _READS and http_status < 500
    return page("refused.html", http_status, http_status=http_status, what=what, undone=is_undone)


class OwnPagesOnly:
    """Refuses names that are not ours, and whatever another site's page sends."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        """`names` are those with a dot that lead here, such as ops.example.com."""
        self._app = app
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._refusal(Request(scope, receive))
        await (self._app if answer is None else answer)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        host = request.headers.get("host", "")
        if not self._is_ours(host):
            what = "This is not a name of this console. QUITTANCE_OPERATOR_NAMES has those that are"
            return refused(request, 421, f"{what}.")
        if request.method not in _READS and not _is_from(host, request.headers):
            return refused(request, 403, "Only the console's own pages may change anything.")
        return None

    def _is_ours(self, host: str) -> bool:
        """Addresses and names without a dot are nobody else's to give."""
        name = (_split(f"//{host}").hostname or "").rstrip(".")
        return bool(name) and ("." not in name or name in self._names or _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_from(host: str, headers: Headers) -> bool:
    """Browsers say from where a form comes; who does not say it has `cli.py`."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is None:
        return site is not None
    return _split(origin).netloc == host


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def with_headers(app: ASGIApp) -> ASGIApp:
    """Around everything, so that the page of a crash has them too."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await app(scope, receive, told)

    return guarded
