"""What localstripe 1.15.10 lacks of Stripe's documented API, made up for on the way to it.

It refuses parameters that it does not know; so these are taken out of requests. It never tells
where to send the browser, as Stripe does when it was given a return URL. And of the test cards that
have a name of their own it knows few; `cards` says which of its own stands for which. Nothing else
is changed.
"""

import json
import re
from collections.abc import Mapping
from contextvars import ContextVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_UNKNOWN_QUESTIONS = re.compile(r"created\[")
_UNKNOWN_ORDERS = re.compile(r"return_url$|payment_method_options\[")
_UNKNOWN_CAPTURES = re.compile(r"metadata\[")
# Where Stripe would send the browser; behind it stands the payment.
CHALLENGES = "https://hooks.stripe.example/3ds/"

# Requests go at the same time, each in a task of its own.
_asked_for_a_way_back: ContextVar[bool] = ContextVar("asked_for_a_way_back")


class Likeness:
    def __init__(self, cards: Mapping[str, str] | None = None) -> None:
        self._cards = cards or {}
        self._with_a_way_back: set[str] = set()

    def request(self, target: str, body: bytes) -> tuple[str, bytes]:
        url = urlsplit(target)
        query = _without(url.query, _UNKNOWN_QUESTIONS)
        form = body.decode()
        _asked_for_a_way_back.set("return_url=" in form)
        for name, stands_for in self._cards.items():
            form = form.replace(f"payment_method={name}&", f"payment_method={stands_for}&")
        unknown = _UNKNOWN_CAPTURES if url.path.endswith("/capture") else _UNKNOWN_ORDERS
        return urlunsplit(url._replace(query=query)), _without(form, unknown).encode()

    def answer(self, body: bytes) -> bytes:
        try:
            content = json.loads(body)
        except ValueError:
            return body
        if content.get("object") != "payment_intent":
            return body
        if _asked_for_a_way_back.get():
            self._with_a_way_back.add(content["id"])
        if content.get("next_action") and content["id"] in self._with_a_way_back:
            url = f"{CHALLENGES}{content['id']}"
            content["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url}}
        return json.dumps(content).encode()


def _without(form: str, unknown: re.Pattern[str]) -> str:
    return urlencode([(k, v) for k, v in parse_qsl(form) if not unknown.match(k)])
