"""A partner's own web shop: card fields, a button for the customer's bank, one for a code, and
the way back.

Its server believes the gateway and nobody's browser.
"""

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.api.bank_shop import bank
from tests.api.code_shop import code
from tests.api.shop import Shop
from tests.running_gateway import new_id
from tests.serving import Serving

_CHECKOUT = """<!doctype html>
<title>A shop</title>
<h1>Pay {amount} {currency}</h1>
<div id="card"></div>
<form method="post" action="/pay-at-bank?order={order}"><button>Pay at my bank</button></form>
<form method="post" action="/pay-by-code?order={order}"><button>Pay by code</button></form>
<p id="said" role="status"></p>
<script src="{acquirer}/fields.js"></script>
<script>
  QuittanceFields.mount(document.getElementById("card"), {{
    clientToken: "{client_token}",
    onToken: async (paymentMethodToken) => {{
      const answer = await fetch("/pay?order={order}", {{
        method: "POST", body: JSON.stringify({{ paymentMethodToken }}),
      }});
      const told = await answer.json();
      if (told.url) location.assign(told.url);
      else document.getElementById("said").textContent = "Payment " + told.status;
    }},
  }});
</script>"""
_BACK = """<!doctype html>
<title>A shop</title>
<p role="status">Payment {status}</p>
{more}"""
_CODE = """<!doctype html>
<title>A shop</title>
<img alt="Scan me" src="{qrCode}">
<label>Or copy me <textarea readonly>{copyCode}</textarea></label>
<a href="{deeplink}">Open my app</a>"""
_GO_ON = '<a href="{url}">Go on with it</a>'


class ShopFront:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        # By order: the payment as the gateway told it last.
        self.payments: dict[str, dict[str, Any]] = {}
        routes = [
            Route("/checkout", self._checkout),
            Route("/pay", self._pay, methods=["POST"]),
            Route("/pay-at-bank", self._pay_at_bank, methods=["POST"]),
            Route("/pay-by-code", self._pay_by_code, methods=["POST"]),
            Route("/back", self._back),
        ]
        self.serving = Serving(routes)
        self.origin = self.serving.origin

    def checkout(self) -> tuple[str, str]:
        """A new order, and where a customer pays it."""
        order = new_id()
        return order, self.at_checkout(order)

    def at_checkout(self, order: str) -> str:
        return f"{self.origin}/checkout?order={order}"

    def back(self, order: str, **forged: str) -> str:
        return f"{self.origin}/back?{urlencode({'order': order, **forged})}"

    async def _checkout(self, request: Request) -> HTMLResponse:
        page = _CHECKOUT.format(
            amount="10.00",
            currency="USD",
            acquirer=self._shop.gateway.told["acquirer"],
            client_token=await self._shop.client_token("10.00", "USD"),
            order=request.query_params["order"],
        )
        return HTMLResponse(page)

    async def _pay(self, request: Request) -> JSONResponse:
        order = request.query_params["order"]
        asked = await request.json()
        answer = await self._shop.pay(
            reference=order,
            paymentMethodToken=asked["paymentMethodToken"],
            returnUrl=self.back(order),
        )
        self.payments[order] = answer.data
        action = answer.data["nextAction"]
        return JSONResponse({"status": answer.data["status"], "url": action and action["url"]})

    async def _pay_at_bank(self, request: Request) -> Response:
        """However often it is pressed, the order is one payment."""
        order = request.query_params["order"]
        answer = await self._shop.pay(
            reference=order,
            paymentMethodToken=None,
            method=bank(None),
            returnUrl=self.back(order),
        )
        self.payments[order] = answer.data
        action = answer.data["nextAction"]
        return _told(answer.data) if action is None else RedirectResponse(action["url"], 303)

    async def _pay_by_code(self, request: Request) -> Response:
        """PIX is in reais, whatever the cards are charged in."""
        order = request.query_params["order"]
        answer = await self._shop.pay(
            reference=order,
            currency="BRL",
            paymentMethodToken=None,
            method=code(),
            returnUrl=self.back(order),
        )
        self.payments[order] = answer.data
        action = answer.data["nextAction"]
        if action is None:
            return _told(answer.data)
        return HTMLResponse(_CODE.format(**{name: escape(text) for name, text in action.items()}))

    async def _back(self, request: Request) -> HTMLResponse:
        order = request.query_params["order"]
        answer = await self._shop.do("confirm", self.payments[order])
        self.payments[order] = answer.data
        return _told(answer.data)


def _told(payment: Mapping[str, Any]) -> HTMLResponse:
    action = payment["nextAction"]
    url = action and (action.get("url") or action["deeplink"])
    more = "" if url is None else _GO_ON.format(url=escape(url))
    return HTMLResponse(_BACK.format(status=payment["status"], more=more))
