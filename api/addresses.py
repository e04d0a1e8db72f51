"""Where a request really comes from: the peer, or what a proxy that we configured says of it."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@lru_cache(maxsize=10_000)
def parse_address(text: str) -> Address | None:
    """An address, with IPv4 in IPv6 clothes undressed; None when it is not one."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


class Addresses:
    """Headers count only when they come from a trusted proxy; anybody can write them."""

    def __init__(self, trusted_proxies: Sequence[Network]) -> None:
        self._trusted = tuple(trusted_proxies)

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def client(self, scope: Scope) -> Address | None:
        """The right-most hop that is not one of our proxies. None when nobody can tell."""
        peer = parse_address(scope["client"][0]) if scope.get("client") else None
        if peer is None or not self._is_trusted(peer):
            return peer
        hops = ",".join(header_values(scope, b"x-forwarded-for")).split(",")
        for hop in reversed(hops):
            address = parse_address(hop)
            if address is None:
                return None
            if not self._is_trusted(address):
                return address
        return peer

    def scheme(self, scope: Scope) -> str:
        """Http or https: what the client used, by the same rule."""
        scheme: str = scope["scheme"]
        if not self._trusted or not scope.get("client"):
            return scheme
        peer = parse_address(scope["client"][0])
        told = header_values(scope, b"x-forwarded-proto")[-1:]
        trusted = peer is not None and self._is_trusted(peer)
        return told[0] if trusted and told in (["http"], ["https"]) else scheme


def header_values(scope: Scope, name: bytes) -> list[str]:
    """Every line of one header, as it was sent."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
