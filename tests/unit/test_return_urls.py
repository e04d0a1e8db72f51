"""Where a browser may be sent back to. Row U9 of the catalogue of bad input."""

import pytest

from api.answers import Refusal
from api.return_urls import checked_return_url
from payments.domain.codes import Code

HOSTS = frozenset({"shop.example", "127.0.0.1", "pay.example:8443"})


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example/",
        "https://SHOP.example/back",
        "https://shop.example/back?order=7&next=https://evil.example/",
        "https://pay.example:8443/back",
        "https://shop.example/a%20b;c=d/@e",
    ],
)
def test_a_registered_host_is_taken_as_it_was_sent(url: str) -> None:
    assert checked_return_url(url, HOSTS, is_live=True) == url


@pytest.mark.parametrize(
    "url", ["http://shop.example/", "http://127.0.0.1:3000/", "https://shop.example:444/"]
)
def test_the_sandbox_takes_plain_http_and_any_port(url: str) -> None:
    assert checked_return_url(url, HOSTS, is_live=False) == url
    with pytest.raises(Refusal):
        checked_return_url(url, HOSTS, is_live=True)


BAD = [
    "javascript:alert(1)",
    "JAVASCRIPT://shop.example/%0aalert(1)",
    "data:text/html,x",
    "ftp://shop.example/",
    "file:///etc/passwd",
    "//shop.example/",
    "/back",
    "shop.example/back",
    "https:shop.example",
    "https:///shop.example",
    "",
    "https://",
    "https://other.example/",
    "https://shop.example.evil.example/",
    "https://evil.example/shop.example",
    "https://evilshop.example/",
    "https://sub.shop.example/",
    "https://shop.example./",
    "https://pay.example/",
    "https://shop.example@evil.example/",
    "https://user:word@shop.example/",
    "https://evil.example\\@shop.example/",
    "https://shop.example\\.evil.example/",
    "https://shop.example#@evil.example/",
    "https://shop.example/#token",
    "https://shop.example/\r\nSet-Cookie: a=b",
    "https://shop.example/\n",
    "https://shop.example/back\t",
    " https://shop.example/",
    "https://shop.example/ back",
    "https://shop.example/\u0000",
    "https://shop.example/\u202e",
    "https://shop\u3002example/",
    "https://ѕhop.example/",
    "https://[::1]/",
    "https://2130706433/",
    "https://shop.example:/",
    "https://shop.example:99999999/",
    "https://shop.example/" + "a" * 2_000,
]


@pytest.mark.parametrize("url", BAD)
@pytest.mark.parametrize("is_live", [True, False])
def test_anything_that_pretends_is_refused_by_name(url: str, is_live: bool) -> None:
    with pytest.raises(Refusal) as refused:
        checked_return_url(url, HOSTS, is_live=is_live)

    assert refused.value.code is Code.FIELD_REFUSED
    assert dict(refused.value.data or {})["field"] == "returnUrl"
