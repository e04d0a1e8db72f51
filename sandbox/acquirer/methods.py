"""How a customer can pay besides by card, and what an order must then say."""

from sandbox.acquirer.entries import Order
from sandbox.answers import invalid

# What an order names as its method when the customer pays at a bank, or by a code.
BANK_REDIRECT = "bank_redirect"
CODE = "code"
_IN_A_COUNTRY = frozenset({BANK_REDIRECT, CODE})


def check_method(order: Order) -> None:
    """Without a card there is a country, and the money is taken at once; a card has neither."""
    if (order.method in _IN_A_COUNTRY) is (order.country is None):
        raise invalid("country", f"goes with {' and '.join(sorted(_IN_A_COUNTRY))} alone")
    if order.method != BANK_REDIRECT and order.bank is not None:
        raise invalid("bank", f"goes with the method {BANK_REDIRECT}, and with no other")
    if order.country is not None and not order.capture:
        raise invalid("capture", "without a card the money is taken at once")
