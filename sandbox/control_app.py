"""The control door: tell everybody how to behave, read the journal, see it all on one page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.acquirer.banks import BANKS
from sandbox.acquirer.behaviour import ACQUIRERS
from sandbox.acquirer.behaviour import STORIES as ACQUIRER_STORIES
from sandbox.acquirer.cards import CARDS
from sandbox.acquirer.codes import SCHEMES
from sandbox.acquirer.control import AcquirerControl
from sandbox.acquirer.dispute_hand import DisputesByHand
from sandbox.acquirer.events import Forgery
from sandbox.acquirer.hand import PaymentsByHand
from sandbox.acquirer.house import House
from sandbox.acquirer.moves import MOVES
from sandbox.answers import Answer, Endpoint, Refused, application, invalid
from sandbox.biller.behaviour import NUMBER_RULES, Behaviour, Conduct
from sandbox.biller.billers import BILLERS
from sandbox.biller.books import Books
from sandbox.biller.control import BillerControl
from sandbox.journal import Journal
from sandbox.listener import Listener
from sandbox.rail.behaviour import ENDINGS, RAILS
from sandbox.rail.behaviour import STORIES as RAIL_STORIES
from sandbox.rail.control import RailControl
from sandbox.receiver.behaviour import Behaviour as Manner
from sandbox.receiver.behaviour import Conduct as Manners
from sandbox.receiver.control import ReceiverControl
from sandbox.receiver.post import Post

FOLDER = Path(__file__).with_name("console")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class ControlDoor:
    books: Books
    house: House
    journal: Journal
    conduct: Conduct
    post: Post
    manners: Manners
    biller_listener: Listener
    acquirer_listener: Listener
    receiver_listener: Listener

    def app(self) -> ASGIApp:
        billers = BillerControl(self.books, self.journal, self.conduct, self._billers_down)
        acquirers = AcquirerControl(self.house, self._acquirers_down)
        payments = PaymentsByHand(self.house)
        disputes = DisputesByHand(self.house)
        rails = RailControl(self.house.rails)
        receivers = ReceiverControl(self.post, self.journal, self.manners)
        routes: list[tuple[str, str, Endpoint]] = [
            ("GET", "/", self.page),
            ("GET", "/console.js", _file("console.js", "text/javascript")),
            ("GET", "/rails.js", _file("rails.js", "text/javascript")),
            ("GET", "/console.css", _file("console.css", "text/css")),
            ("GET", "/health", self.health),
            ("GET", "/journal", self.read_journal),
        ]
        houses = [
            *(*billers.routes(), *acquirers.routes(), *payments.routes(), *disputes.routes()),
            *rails.routes(),
            *receivers.routes(),
        ]
        return own_pages_only(application([*routes, *houses]))

    async def read_journal(self, request: Request) -> Response:
        questions = request.query_params
        known = {"biller", "billNumber", "acquirer", "reference"}
        unknown = sorted(set(questions) - known)
        if unknown:
            raise invalid(unknown[0], f"ask by {', '.join(sorted(known))}")
        if "acquirer" in questions:
            return await self._acquirers_journal(questions["acquirer"], request)
        asked = {
            "biller": questions.get("biller"),
            "bill_number": questions.get("billNumber"),
            "reference": questions.get("reference"),
        }
        # Taken in one moment; the wait only makes sure that all of it is on the disk.
        effects, arrivals = self.books.effects.find(**asked), self.books.arrivals.find(**asked)
        await self.journal.synced()
        return _journal_answer(effects, arrivals)

    async def _acquirers_journal(self, acquirer: str, request: Request) -> Response:
        if acquirer not in ACQUIRERS:
            raise Refused(404, "ACQUIRER_NOT_FOUND")
        reference = request.query_params.get("reference")
        books = self.house.books
        effects, arrivals = books.effects(acquirer, reference), books.arrivals(acquirer, reference)
        await self.journal.synced()
        return _journal_answer(effects, arrivals)

    async def health(self, _: Request) -> Response:
        content = {"state": "ready"}
        for name, listener in (
            ("biller", self.biller_listener),
            ("acquirer", self.acquirer_listener),
            ("receiver", self.receiver_listener),
        ):
            content[name] = listener.url
            content[f"{name}Listener"] = "open" if listener.is_open else "closed"
        return Answer(200, content)

    async def page(self, _: Request) -> Response:
        rules = {ending: rule.story for ending, rule in NUMBER_RULES.items()}
        rules = {"00–89": "ordinary"} | rules | {"99": "does not exist: BILL_NOT_FOUND"}
        filled = Template((FOLDER / "console.html").read_text(encoding="utf-8")).substitute(
            biller_url=escape(self.biller_listener.url),
            acquirer_url=escape(self.acquirer_listener.url),
            receiver_url=escape(self.receiver_listener.url),
            receiver_behaviours=_options(Manner),
            rules=_rows((ending, story) for ending, story in rules.items()),
            cards=_rows(
                (card.number, f"{card.brand} {card.country}: {card.story}")
                for card in CARDS.values()
            ),
            banks=_rows(
                (bank.id, f"{bank.country} {', '.join(bank.currencies)}: {bank.story}")
                for bank in BANKS.values()
            ),
            codes=_rows(
                (each.country, f"{each.currency}: {each.name}") for each in SCHEMES.values()
            ),
            billers=_options(BILLERS),
            behaviours=_options(Behaviour),
            acquirers=_options(ACQUIRERS),
            acquirer_behaviours=_options(ACQUIRER_STORIES),
            stories=_rows(ACQUIRER_STORIES.items()),
            rails=_options(RAILS),
            rail_behaviours=_options(RAIL_STORIES),
            rail_endings=_rows((ending, RAIL_STORIES[each]) for ending, each in ENDINGS.items()),
            states=_options(MOVES),
            forgeries=_options(Forgery),
        )
        return HTMLResponse(filled, headers={"Content-Security-Policy": _POLICY})

    async def _billers_down(self) -> None:
        await _open_or_close(self.biller_listener, down=self.conduct.anybody_down)

    async def _acquirers_down(self) -> None:
        await _open_or_close(self.acquirer_listener, down=self.house.conduct.anybody_down)


def own_pages_only(app: Starlette) -> ASGIApp:
    """A page of any other site must not press our buttons, wherever a developer surfs."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", []))
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin and urlsplit(origin).netloc != headers.get(b"host", b"").decode("latin-1"):
            await Answer(403, {"error": "ORIGIN_REFUSED"})(scope, receive, send)
            return
        await app(scope, receive, send)

    return guarded


async def _open_or_close(listener: Listener, *, down: bool) -> None:
    if down:
        listener.close()
    else:
        await listener.open()


def _journal_answer(effects: Sequence[Any], arrivals: Sequence[Any]) -> Response:
    return Answer(
        200,
        {
            "effects": [effect.as_json() for effect in effects],
            "arrivals": [arrival.as_json() for arrival in arrivals],
        },
    )


def _file(name: str, media_type: str) -> Endpoint:
    content = (FOLDER / name).read_bytes()

    async def serve(_: Request) -> Response:
        return Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return serve


def _rows(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(story)}</td></tr>"
        for name, story in pairs
    )


def _options(names: Iterable[str]) -> str:
    return "".join(f"<option>{escape(name)}</option>" for name in names)
