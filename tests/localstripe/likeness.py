"""What localstripe 1.15.10 lacks of Stripe's documented API, made up for on the way to it.

It refuses parameters that it does not know; so these are taken out of requests. And it never tells
where to send the browser, as Stripe does when it was given a return URL. Nothing else is changed.
"""

import json
import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_UNKNOWN_QUESTIONS = re.compile(r"created\[")
_UNKNOWN_ORDERS = re.compile(r"return_url$|payment_method_options\[")
_UNKNOWN_CAPTURES = re.compile(r"metadata\[")


class Likeness:
    def __init__(self) -> None:
        self._with_a_way_back: set[str] = set()
        self._asked_for_one = False

    def request(self, target: str, body: bytes) -> tuple[str, bytes]:
        url = urlsplit(target)
        query = _without(url.query, _UNKNOWN_QUESTIONS)
        form = body.decode()
        self._asked_for_one = "return_url=" in form
        unknown = _UNKNOWN_CAPTURES if url.path.endswith("/capture") else _UNKNOWN_ORDERS
        return urlunsplit(url._replace(query=query)), _without(form, unknown).encode()

    def answer(self, body: bytes) -> bytes:
        try:
            content = json.loads(body)
        except ValueError:
            return body
        if content.get("object") != "payment_intent":
            return body
        if self._asked_for_one:
            self._with_a_way_back.add(content["id"])
        if content.get("next_action") and content["id"] in self._with_a_way_back:
            url = f"https://hooks.stripe.example/3ds/{content['id']}"
            content["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url}}
        return json.dumps(content).encode()


def _without(form: str, unknown: re.Pattern[str]) -> str:
    return urlencode([(k, v) for k, v in parse_qsl(form) if not unknown.match(k)])
