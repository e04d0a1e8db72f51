"""Which addresses and URLs a partner may not name: rows U1, U2 and U7 of the proof, and cousins."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payments.domain.addresses import (
    LONGEST_URL,
    Place,
    Rules,
    Target,
    read,
    refusal_of_address,
    refusal_of_namesake,
    refusal_of_url,
)

STRICT = Rules()
OPEN = Rules(networks=(ip_network("127.0.0.0/8"),), allows_http=True)

# U1
OTHER_SCHEMES = (
    *("http://example.com/", "HTTP://example.com/", "ftp://example.com/", "file:///etc/passwd"),
    *("gopher://example.com/_x", "javascript:alert(1)", "data:text/html,x", "ws://example.com/"),
    *("//example.com/", "example.com/hook", "", ":", "://", "https", "https:example.com"),
    *("https:/example.com/", "https:\\\\example.com/"),
    *(" https://example.com/", "\thttps://example.com/", "httpſ://example.com/"),
)
# U2
PRIVATE_HOSTS = (
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "169.254.169.254", "10.0.0.1"),
    *("10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255"),
    *("100.64.0.1", "100.100.100.200", "100.127.255.255", "224.0.0.1", "239.255.255.255"),
    *("240.0.0.1", "255.255.255.255", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.7", "192.88.99.1", "168.63.129.16"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]"),
    *("[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[fc00::1]", "[fdff::1]", "[fd00:ec2::254]"),
    *("[fd20:ce::254]", "[fe80::1]", "[febf::1]", "[fec0::1]", "[ff02::1]", "[ff0e::1]"),
    *("[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]"),
    *("[2002:7f00:1::1]", "[2002:a9fe:a9fe::]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]"),
    *("[2001:0:7f00:1::]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]", "[::2]"),
    "[0:0:0:0:0:0:0:1]",
)
ODD_ADDRESSES = (
    *("2130706433", "0x7f000001", "0X7F000001", "0177.0.0.1", "127.1", "127.0.1", "017700000001"),
    *("0x7f.1", "127.0.0.1.", "127.0.0.0x1", "1.2.3.4.5", "256.1.1.1", "127.0.0.01", "08.8.8.8"),
    *("0x", "example.0x7f", "example.1", "[::1%25lo]", "[fe80::1%eth0]", "[127.0.0.1]", "[::1"),
    *("[2a00:1450::1%25eth0]", "::1", "[]", "[::g]", "[v1.x]", "[::1]x", "[[::1]]"),
    *(
        "127。0。0。1",
        "①②⑦.⓪.⓪.①",
        "\uff11\uff12\uff17.0.0.1",
        "127%2e0%2e0%2e1",
        "%31%32%37.0.0.1",
    ),
)
INNER_NAMES = (
    *("localhost", "LOCALHOST", "api.localhost", "printer.local", "db.internal", "postgres"),
    *(
        "temporal",
        "router.lan",
        "x.home.arpa",
        "metadata.google.internal",
        "kubernetes.default.svc",
    ),
)
BAD_NAMES = (
    *("localhost.", "metadata.google.internal.", "example.com.", ".example.com", "a..example.com"),
    *("-a.example.com", "a-.example.com", f"{'a' * 64}.example.com", "exa mple.com", "a,b.example"),
    *(f"{'a.' * 126}example.com", "bücher.example", "example.com%00.evil.example", "a\\b.example"),
    *("example.com\n", "ex\tample.com", "*.example.com", "a'b.example", "lo\u00adcalhost"),
)
PUBLIC = (
    *("8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1"),
    *("11.0.0.1", "192.167.255.255", "169.253.255.255", "223.255.255.255", "168.63.129.17"),
    *("2606:2800:220:1:248:1893:25c8:1946", "2a00:1450::1", "64:ff9b::808:808", "::ffff:8.8.8.8"),
)


@pytest.mark.parametrize("url", OTHER_SCHEMES)
def test_only_https_is_taken(url: str) -> None:
    assert refusal_of_url(url, STRICT) == "must begin with https://"


def test_http_is_taken_where_the_operator_says_so_and_nothing_else() -> None:
    assert refusal_of_url("http://example.com/hook", OPEN) is None
    assert refusal_of_url("ftp://example.com/hook", OPEN) == "must begin with https://"


@pytest.mark.parametrize("host", PRIVATE_HOSTS)
@pytest.mark.parametrize("port", ["", ":443", ":8443"])
def test_a_private_address_is_refused(host: str, port: str) -> None:
    reason = refusal_of_url(f"https://{host}{port}/hook", STRICT)

    assert reason == "must not lead to a private, local or reserved address"


@pytest.mark.parametrize("host", [*ODD_ADDRESSES, *BAD_NAMES])
@pytest.mark.parametrize("rules", [STRICT, OPEN], ids=["strict", "open"])
def test_an_odd_host_is_refused_whatever_is_allowed(host: str, rules: Rules) -> None:
    assert refusal_of_url(f"https://{host}/hook", rules)


@pytest.mark.parametrize("name", INNER_NAMES)
def test_a_name_of_the_inside_is_refused(name: str) -> None:
    assert refusal_of_url(f"https://{name}/hook", STRICT)


def test_whoever_allows_inner_addresses_has_inner_names_but_the_metadata() -> None:
    assert refusal_of_url("http://localhost:8095/hook", OPEN) is None
    assert refusal_of_url("http://metadata.google.internal/", OPEN)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_taken(address: str) -> None:
    host = f"[{address}]" if ":" in address else address

    assert refusal_of_address(ip_address(address), 443, STRICT) is None
    assert refusal_of_url(f"https://{host}/hook", STRICT) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    {
        "https://user@example.com/": "must not have a user name or a password",
        "https://user:word@example.com/": "must not have a user name or a password",
        "https://example.com@127.0.0.1/": "must not have a user name or a password",
        "https://@example.com/": "must not have a user name or a password",
        "https://example.com/#part": "must not have a fragment (#)",
        "https://example.com#": "must not have a fragment (#)",
        "https://example.com#@127.0.0.1/": "must not have a fragment (#)",
        "https://": "must have a host, and a port from 1 to 65535 if any",
        "https:///hook": "must have a host, and a port from 1 to 65535 if any",
        "https://:443/": "must have a host, and a port from 1 to 65535 if any",
        "https://example.com:/": "must have a host, and a port from 1 to 65535 if any",
        "https://example.com:x/": "must have a host, and a port from 1 to 65535 if any",
        "https://example.com:-1/": "must have a host, and a port from 1 to 65535 if any",
        "https://example.com:443:80/": "must have a host, and a port from 1 to 65535 if any",
        "https://example.com:0/": "must have a port from 1 to 65535",
        "https://example.com:65536/": "must have a port from 1 to 65535",
        "https://example.com:99999/": "must have a port from 1 to 65535",
        "https://example.com:٤٤٣/": "must be a URL in visible ASCII characters; encode all others",
        "https://example.com/a b": "must be a URL in visible ASCII characters; encode all others",
        "https://example.com/\r\nX: 1": "must be a URL in visible ASCII characters; "
        "encode all others",
        "https://example.com/é": "must be a URL in visible ASCII characters; encode all others",
        "https://example.com/\x00": "must be a URL in visible ASCII characters; encode all others",
        f"https://example.com/{'a' * LONGEST_URL}": "must have at most 2048 characters",
    }.items(),
)
def test_a_url_is_refused_for_its_form(url: str, reason: str) -> None:
    assert refusal_of_url(url, STRICT) == reason


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        (
            "HTTPS://Hooks.Example.COM/A/b?c=/d&e=%20",
            Target("https", "hooks.example.com", 443, "/A/b?c=/d&e=%20"),
            "hooks.example.com",
        ),
        (
            "https://example.com:8443",
            Target("https", "example.com", 8443, "/"),
            "example.com:8443",
        ),
        ("https://example.com:443?a", Target("https", "example.com", 443, "/?a"), "example.com"),
        (
            "https://[2A00:1450::1]:444/",
            Target("https", "2a00:1450::1", 444, "/"),
            "[2a00:1450::1]:444",
        ),
        ("https://xn--bcher-kva.example", Target("https", "xn--bcher-kva.example", 443, "/"), None),
        ("https://a_b.example.com/", Target("https", "a_b.example.com", 443, "/"), None),
    ],
)
def test_a_url_says_where_it_leads(url: str, target: Target, authority: str | None) -> None:
    read_one = read(url, STRICT)

    assert read_one == target
    assert isinstance(read_one, Target)
    assert read_one.authority == (authority or target.host)


def test_the_longest_url_is_taken() -> None:
    url = "https://example.com/"

    assert refusal_of_url(url + "a" * (LONGEST_URL - len(url)), STRICT) is None


# U7: our own API, Temporal, PostgreSQL and the door for the providers' news.
OWN = Rules(
    networks=OPEN.networks,
    allows_http=True,
    own=tuple(
        map(Place.parse, ("Api.Example.com", "127.0.0.1:7233", "db:5432", "203.0.114.9", "[::1]:1"))
    ),
)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1/providers/stripe/webhooks",
        "https://API.example.com:8443/",
        "http://127.0.0.1:7233/",
        "http://[::ffff:127.0.0.1]:7233/",
        "http://db:5432/",
        "https://203.0.114.9/",
        "https://203.0.114.9:99/",
        "http://[::1]:1/",
    ],
)
def test_we_are_no_partner_of_ours(url: str) -> None:
    assert refusal_of_url(url, OWN) == "must not lead to this gateway itself"


def test_our_neighbours_may_be() -> None:
    for url in ("http://127.0.0.1:7234/", "https://www.example.com/", "http://db:5433/"):
        assert refusal_of_url(url, OWN) is None


def test_a_server_that_listens_everywhere_is_met_at_every_inner_address() -> None:
    rules = Rules(OPEN.networks, own=(Place.parse("0.0.0.0:8080"),))

    assert refusal_of_address(ip_address("127.9.9.9"), 8080, rules)
    assert refusal_of_address(ip_address("127.9.9.9"), 8081, rules) is None
    assert refusal_of_address(ip_address("8.8.8.8"), 8080, rules) is None


def test_another_name_for_our_place_is_refused_but_for_a_shared_cdn() -> None:
    inner, public = ip_address("127.0.0.1"), ip_address("8.8.8.8")
    db, api = Place("db", 5432), Place("api.example.com")

    assert refusal_of_namesake(inner, 5432, db, (inner,))
    assert refusal_of_namesake(ip_address("::ffff:127.0.0.1"), 5432, db, (public, inner))
    assert refusal_of_namesake(inner, 5433, db, (inner,)) is None
    assert refusal_of_namesake(public, 5432, db, (inner,)) is None
    assert refusal_of_namesake(inner, 443, api, (inner,))
    assert refusal_of_namesake(public, 80, api, (public,))
    assert refusal_of_namesake(public, 443, api, (public,)) is None


@pytest.mark.parametrize("text", ["", ":80", "a:b", "a:", "[]:80", "http://a", "a:1:2"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Place.parse(text)


def test_an_allowed_network_is_reached_by_its_own_addresses_only() -> None:
    assert refusal_of_address(ip_address("127.0.0.1"), 443, OPEN) is None
    assert refusal_of_address(ip_address("::ffff:127.0.0.1"), 443, OPEN) is None
    for other in ("10.0.0.1", "::1", "64:ff9b::7f00:1", "2002:7f00:1::", "169.254.169.254"):
        assert refusal_of_address(ip_address(other), 443, OPEN)


@given(st.ip_addresses(v=4))
@example(IPv4Address("168.63.129.16"))
def test_no_clothes_of_ipv6_make_a_forbidden_address_fit(address: IPv4Address) -> None:
    refusal = refusal_of_address(address, 443, STRICT)
    mapped = IPv6Address(0xFFFF << 32 | int(address))
    nat64 = IPv6Address(0x64_FF9B << 96 | int(address))
    compatible = IPv6Address(int(address))
    six_to_four = IPv6Address(0x2002 << 112 | int(address) << 80)
    teredo = IPv6Address(0x2001 << 112 | (int(address) ^ 0xFFFF_FFFF))

    assert refusal_of_address(mapped, 443, STRICT) == refusal
    assert refusal_of_address(nat64, 443, STRICT) == refusal
    for tunnel in (compatible, six_to_four, teredo):
        assert refusal_of_address(tunnel, 443, STRICT)


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_reached(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        # Of the reserved ones two carry a public IPv4 address, and are no address of their own.
        carries = isinstance(address, IPv6Address) and int(address) >> 32 in {
            0xFFFF,
            0x64_FF9B << 64,
        }
        assert carries or refusal_of_address(address, 443, STRICT)


@given(st.text(max_size=60))
@example("/a b")
@example("[")
@example("[::1]]")
def test_any_text_gets_an_answer(text: str) -> None:
    for url in (text, f"https://{text}", f"https://example.com{text}"):
        target = read(url, OPEN)

        # What is taken goes into a request line and a header as it is.
        if isinstance(target, Target):
            written = f"{target.authority}{target.path}"
            assert written.isascii()
            assert written.isprintable()
            assert " " not in written
