"""Where the gateway is, and what every request to it looks like."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import httpx2

from quittance.version import __version__

USER_AGENT: Final = f"quittance-python/{__version__}"


@dataclass(frozen=True, slots=True)
class Target:
    base_url: str

    @classmethod
    def parse(cls, base_url: str) -> Self:
        url = httpx2.URL(base_url)
        if url.scheme not in {"http", "https"} or not url.host or url.query or url.fragment:
            raise ValueError("base_url must look like https://pay.example.com")
        return cls(base_url.rstrip("/"))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        token: str | None = None,
        key: str | None = None,
        content: bytes | None = None,
        media_type: str = "application/json",
        is_file: bool = False,
    ) -> httpx2.Request:
        headers = {
            "Accept": "*/*" if is_file else "application/json",
            # The signed digest is over the bytes on the wire, so they come as they are.
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
        }
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        if body is not None:
            content = json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = media_type
        url = self.base_url + path
        return httpx2.Request(method, url, params=query, headers=headers, content=content)
