"""The hosted card fields: the only page that ever sees a card number, framed by the shop."""

import re
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from sandbox.acquirer.pages import asset, page
from sandbox.answers import Endpoint, invalid

_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-f:]{2,39}\])(?::[0-9]{1,5})?")
_CLIENT_TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,2000}")
_LONGEST_URL = 2000


def routes() -> list[tuple[str, str, Endpoint]]:
    return [
        ("GET", "/fields", fields),
        asset("fields.js", for_other_sites=True),
        asset("fields-page.js"),
        asset("fields.css"),
    ]


async def fields(request: Request) -> Response:
    asked = request.query_params
    client_token, origin = asked.get("clientToken", ""), asked.get("origin", "")
    return_url = asked.get("returnUrl", "")
    if _CLIENT_TOKEN.fullmatch(client_token) is None:
        raise invalid("clientToken", "is missing or no client token")
    if origin and _ORIGIN.fullmatch(origin) is None:
        raise invalid("origin", "must be a scheme and a host, and a port if need be")
    if return_url and not _belongs_to(return_url, origin):
        # Otherwise a link to this page could send a token to anybody.
        raise invalid("returnUrl", "must be a page of the origin that was given")
    framed_by = origin or "'none'"
    policy = (
        "script-src 'self'; connect-src 'self'; form-action 'none'; "
        f"require-trusted-types-for 'script'; frame-ancestors {framed_by}"
    )
    return page(
        "fields.html",
        policy=policy,
        client_token=client_token,
        origin=origin,
        return_url=return_url,
    )


def _belongs_to(url: str, origin: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    same = f"{parts.scheme}://{parts.netloc}" == origin
    return bool(origin) and same and url.isascii() and len(url) <= _LONGEST_URL
