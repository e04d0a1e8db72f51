"""Where our own network must never be led: which addresses and URLs a partner may not name.

A URL is judged when it is saved, and its address again when it is connected to, by the same rules.
The answer is a reason to show the partner, or None. URLs are read by one strict grammar, and what
was read is what is connected to, so no second parser can understand them otherwise.
"""

import re
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import Final, Self

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL: Final = 2_048
_LONGEST_HOST: Final = 253
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# RFC 3986 without what browsers repair: no spaces, quotes, backslashes, control characters.
_URL: Final = re.compile(r"([A-Za-z]+)://([^/?#]*)((?:/[^?#]*)?(?:\?[^#]*)?)(#.*)?", re.ASCII)
_VISIBLE: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+", re.ASCII)
_PLACE: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
# Whatever ends like this is an IPv4 address to some resolver: 127.1, 0x7f.1, 2130706433.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)

# Names that mean something on the inside only: RFC 6761, 6762, 8375, 9476, and those of clouds.
_INNER_NAMES: Final = (
    *("localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home"),
    *("lan", "arpa", "onion", "alt", "test", "invalid", "svc", "consul"),
)
_METADATA_NAMES: Final = ("metadata.google.internal", "metadata.goog", "instance-data.ec2.internal")

# IANA's registries of special-purpose addresses, and 168.63.129.16, where Azure's hosts listen.
_FORBIDDEN_V4: Final = tuple(
    IPv4Network(each)
    for each in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",
    )
)
# Of IPv6 only this is the public internet: the rest is local, multicast or not given out.
_PUBLIC_V6: Final = IPv6Network("2000::/3")
# Protocol assignments with Teredo, documentation (twice), 6to4. Nobody is reached by the tunnels
# any more, but whatever IPv4 address they hold.
_FORBIDDEN_V6: Final = tuple(
    IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16")
)
# A network without IPv4 reaches the public IPv4 hosts through this one.
_NAT64: Final = IPv6Network("64:ff9b::/96")

_PRIVATE: Final = "must not lead to a private, local or reserved address"
_OURS: Final = "must not lead to this gateway itself"


@dataclass(frozen=True, slots=True)
class Place:
    """A host of ours and its port, or every port of it. 0.0.0.0 is all of this machine."""

    host: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """`api.example.com`, `db:5432`, `[::1]:8080`. Raises ValueError for anything else."""
        match = _PLACE.fullmatch(text.strip().lower())
        if match is None or not match[1].strip("[]"):
            raise ValueError(f"not a host with or without a port: {text}")
        return cls(match[1].strip("[]"), int(match[2]) if match[2] else None)

    @property
    def address(self) -> Address | None:
        """None for a name."""
        return literal(self.host)

    def is_at(self, address: Address, port: int) -> bool:
        """Whether whoever connects there meets us. Never for a name."""
        if self.address is None or self.port not in {None, port}:
            return False
        if self.address.is_unspecified:
            return _is_forbidden(address)
        return plain(self.address) == address


@dataclass(frozen=True, slots=True)
class Rules:
    """Private networks that may be reached all the same, whether without TLS, and our places."""

    networks: tuple[Network, ...] = ()
    allows_http: bool = False
    own: tuple[Place, ...] = ()

    def allows(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL says. The host is in small letters, without brackets; the path has the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """As the header Host has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def refusal_of_url(url: str, rules: Rules) -> str | None:
    """Why the URL cannot be a partner's."""
    target = read(url, rules)
    return target if isinstance(target, str) else None


def read(url: str, rules: Rules) -> Target | str:
    """What the URL says, or why it cannot be a partner's."""
    if len(url) > LONGEST_URL:
        return f"must have at most {LONGEST_URL} characters"
    scheme, colon, _ = url.lower().partition("://")
    if not colon or (scheme != "https" and not (scheme == "http" and rules.allows_http)):
        return "must begin with https://"
    match = _URL.fullmatch(url) if _VISIBLE.fullmatch(url) else None
    if match is None:
        return "must be a URL in visible ASCII characters; encode all others"
    if match[4] is not None:
        return "must not have a fragment (#)"
    place = _place(match[2].lower(), scheme)
    if isinstance(place, str):
        return place
    written, port = place
    path = match[3] if match[3].startswith("/") else f"/{match[3]}"
    target = Target(scheme, written.strip("[]"), port, path)
    return _refusal_of_host(written, target, rules) or target


def refusal_of_address(address: Address, port: int, rules: Rules) -> str | None:
    """Why nothing may be sent there."""
    address = plain(address)
    if any(place.is_at(address, port) for place in rules.own):
        return _OURS
    return _PRIVATE if _is_forbidden(address) and not rules.allows(address) else None


def refusal_of_namesake(
    address: Address, port: int, place: Place, behind: tuple[Address, ...]
) -> str | None:
    """The same for one of our places that has a name, and the addresses behind that name.

    A public address at 443 may be a CDN's, which we share with partners; there TLS tells us apart.
    """
    address = plain(address)
    if place.port not in {None, port} or address not in map(plain, behind):
        return None
    return None if port == 443 and not _is_forbidden(address) else _OURS


def literal(host: str) -> Address | None:
    """The address that the host is, written as usual; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def plain(address: Address) -> Address:
    """An IPv4 address in IPv6 clothes is an IPv4 address."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _place(authority: str, scheme: str) -> tuple[str, int] | str:
    """The host as it is written and the port, or why there is none."""
    if "@" in authority:
        return "must not have a user name or a password"
    match = _PLACE.fullmatch(authority)
    if match is None or not match[1]:
        return "must have a host, and a port from 1 to 65535 if any"
    port = int(match[2]) if match[2] else _DEFAULT_PORTS[scheme]
    return (match[1], port) if 1 <= port <= 65_535 else "must have a port from 1 to 65535"


def _refusal_of_host(written: str, target: Target, rules: Rules) -> str | None:
    host = target.host
    address = literal(host)
    if written.startswith("["):
        if not isinstance(address, IPv6Address) or address.scope_id:
            return "must have an IPv6 address in its brackets"
    elif address is None and _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return "must have its IPv4 address as four decimal numbers"
    if address is not None:
        return refusal_of_address(address, target.port, rules)
    return _refusal_of_name(host, target.port, rules)


def _refusal_of_name(name: str, port: int, rules: Rules) -> str | None:
    labels = name.split(".")
    if len(name) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, labels)):
        return "must have a valid host name; international ones as xn--"
    if any(place.host == name and place.port in {None, port} for place in rules.own):
        return _OURS
    if name in _METADATA_NAMES:
        return _PRIVATE
    # Whoever allows inner addresses has inner names as well; the address is looked at all the same.
    is_inner = len(labels) == 1 or labels[-1] in _INNER_NAMES
    return "must have a public host name" if is_inner and not rules.networks else None


def _is_forbidden(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return any(address in network for network in _FORBIDDEN_V4)
    if address in _NAT64:
        return _is_forbidden(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address not in _PUBLIC_V6 or any(address in network for network in _FORBIDDEN_V6)
