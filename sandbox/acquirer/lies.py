"""What an acquirer tells when it was told to lie: about an amount, a currency, a payee, a code."""

from typing import Any

from sandbox.acquirer.amounts import minor, written
from sandbox.acquirer.behaviour import Behaviour
from sandbox.acquirer.codes import sealed


def bent(content: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    """A lie, when one was asked for."""
    match behaviour:
        case Behaviour.LYING_AMOUNT:
            return _with_more(content, content["currency"])
        case Behaviour.LYING_CURRENCY:
            return content | {"currency": "USD" if content["currency"] != "USD" else "EUR"}
        case Behaviour.LYING_PAYEE:
            return content | {"payee": f"not_{content['payee']}"}
        case Behaviour.LYING_CODE | Behaviour.BROKEN_CODE:
            asked = content.get("challenge", {})
            if "copyCode" not in asked:
                return content
            other = _other(content, asked["copyCode"], behaviour)
            return content | {"challenge": asked | {"copyCode": other}}
        case _:
            return content


def _other(content: dict[str, Any], code: str, behaviour: Behaviour) -> str:
    """The code with another amount, and with a check sum that fits, or does not."""
    currency, amount = content["currency"], content["amount"]
    more = written((minor(amount, currency) or 0) + 1, currency)
    changed = code.replace(f"54{len(amount):02}{amount}", f"54{len(more):02}{more}")
    return sealed(changed[:-8]) if behaviour is Behaviour.LYING_CODE else changed


def _with_more(content: dict[str, Any], currency: str) -> dict[str, Any]:
    """One minor unit more, wherever there is any money at all."""
    more = dict(content)
    for name, value in content.items():
        if name in {"captures", "refunds", "receipts"}:
            more[name] = [_with_more(each, currency) for each in value]
        elif name in {"amount", "authorizedAmount", "capturedAmount", "refundedAmount"}:
            amount_minor = minor(value, currency)
            more[name] = written(amount_minor + 1, currency) if amount_minor else value
    return more
