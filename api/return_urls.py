"""Where a customer's browser may be sent back to: a registered host, and nothing that pretends."""

import re
from collections.abc import Set as AbstractSet
from typing import Final
from urllib.parse import urlsplit

from api.answers import field_refused
from payments.domain.codes import Code

_FIELD: Final = "returnUrl"
# Scheme, host, port, path and query of RFC 3986, each letter that browsers and parsers agree on.
# So there are no credentials, no fragment, no backslash, no line break, and nothing to normalise.
_PLAIN: Final = re.compile(
    r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?"
    r"(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
    r"(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?",
    re.ASCII,
)
_LONGEST: Final = 2_000


def checked_return_url(url: str, hosts: AbstractSet[str], *, is_live: bool) -> str:
    """The same URL. Raises Refusal.

    `hosts` are the partner's own, each a host or a host with its port. In the sandbox, plain http
    and any port of a registered host will do, because a shop in development has no other.
    """
    if len(url) > _LONGEST or _PLAIN.fullmatch(url) is None:
        raise field_refused(Code.FIELD_REFUSED, _FIELD, "not a plain http(s) URL")
    parts = urlsplit(url)
    host = parts.netloc.lower()
    if is_live and parts.scheme != "https":
        raise field_refused(Code.FIELD_REFUSED, _FIELD, "must be https")
    if not (host in hosts or (not is_live and parts.hostname in hosts)):
        raise field_refused(Code.FIELD_REFUSED, _FIELD, "its host is not registered for you")
    return url
