"""What an acquirer tells when it was told to lie about an amount, a currency or a payee."""

from typing import Any

from sandbox.acquirer.amounts import minor, written
from sandbox.acquirer.behaviour import Behaviour


def bent(content: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    """A lie about the amount, the currency or the payee, when one was asked for."""
    match behaviour:
        case Behaviour.LYING_AMOUNT:
            return _with_more(content, content["currency"])
        case Behaviour.LYING_CURRENCY:
            return content | {"currency": "USD" if content["currency"] != "USD" else "EUR"}
        case Behaviour.LYING_PAYEE:
            return content | {"payee": f"not_{content['payee']}"}
        case _:
            return content


def _with_more(content: dict[str, Any], currency: str) -> dict[str, Any]:
    """One minor unit more, wherever there is any money at all."""
    more = dict(content)
    for name, value in content.items():
        if name in {"captures", "refunds"}:
            more[name] = [_with_more(each, currency) for each in value]
        elif name in {"amount", "authorizedAmount", "capturedAmount", "refundedAmount"}:
            amount_minor = minor(value, currency)
            more[name] = written(amount_minor + 1, currency) if amount_minor else value
    return more
