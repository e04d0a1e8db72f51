"""The operator's console as a browser without a picture has it: tables, facts, forms, words."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final

import httpx2

from tests.running_gateway import ANSWER_WITHIN_S

ROOT: Final = "/console/webhooks"
_VOID: Final = frozenset({"meta", "link", "input", "br"})


@dataclass
class Seen(HTMLParser):
    """One page, read strictly: what is not closed in its order is an error."""

    status: int
    headers: httpx2.Headers
    source: str
    words: list[str] = field(default_factory=list)
    # Cells of the rows of tables' bodies, with the words of each.
    rows: list[list[str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    attributes: list[tuple[str, str, str | None]] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)
    _href: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.source)
        self.close()
        assert self._open == [], self._open

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "tr" and "tbody" in self._open:
            self.rows.append([])
        if tag in {"td", "th"} and "tbody" in self._open:
            self.rows[-1].append("")
        if tag == "pre":
            self.answers.append("")
        if tag == "a":
            self._href = dict(attrs)["href"] or ""

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, (tag, self._open)

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if {"td", "th"} & set(self._open) and "tbody" in self._open:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())
        if "pre" in self._open:
            self.answers[-1] += data
        if "a" in self._open:
            self.links[" ".join(data.split())] = self._href


class Console:
    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx2.AsyncClient(
            base_url=url, timeout=ANSWER_WITHIN_S, follow_redirects=True, verify=False
        )

    async def get(self, path: str = "", **query: str) -> Seen:
        return await self.ask("GET", path, params=query or None)

    async def post(self, path: str, **fields: str) -> Seen:
        """As one of its own pages does."""
        return await self.ask("POST", path, data=fields, headers={"Origin": self.url})

    async def ask(self, method: str, path: str, **request: Any) -> Seen:
        place = path if path.startswith("/console") else ROOT + path
        answer = await self._http.request(method, place, **request)
        assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text
        return Seen(answer.status_code, answer.headers, answer.text)

    async def fetch(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """The first answer, whatever it is."""
        return await self._http.request(method, path, follow_redirects=False, **request)

    async def close(self) -> None:
        await self._http.aclose()


def shown(page: Seen) -> Seen:
    assert page.status == 200, page.text
    return page
