"""The bank's page: the customer chooses a bank, says yes or no there, and is sent back."""

from html import escape
from typing import ClassVar

from starlette.responses import Response

from sandbox.acquirer.banks import BANKS, Bank, offered
from sandbox.acquirer.customer_app import (
    POLICY,
    CustomerDoor,
    Form,
    link_back,
    sale_texts,
    way_back,
)
from sandbox.acquirer.entries import Page
from sandbox.acquirer.pages import page
from sandbox.acquirer.payments import Payment


class BankDoor(CustomerDoor):
    at: ClassVar[Page] = Page.BANK
    bank: ClassVar[str] = "Pretend banks"

    def _asked(self, payment: Payment, *, status: int) -> Response:
        texts = sale_texts(payment)
        leave = link_back(payment, "Back to the shop without deciding")
        if payment.bank is None:
            order = payment.order
            banks = "".join(_choice(bank) for bank in offered(order.country, order.currency))
            more = {"markup": leave, "more_markup": banks} | texts
            return page("banks.html", policy=POLICY, status=status, **more)
        name = BANKS[payment.bank].name
        return page("bank.html", policy=POLICY, status=status, markup=leave, bank=name, **texts)

    def _is_open(self, payment: Payment) -> bool:
        # One bank takes a yes when everybody else has given up; it still shows its page.
        return super()._is_open(payment) or self.desk.may_answer_late(payment)

    def _answered(self, payment: Payment, form: Form) -> None:
        if "bank" in form:
            self.desk.choose_bank(payment, form["bank"][0])
        else:
            super()._answered(payment, form)

    def _onward(self, payment: Payment, form: Form) -> str | None:
        """A bank that was only chosen has still to be answered, here."""
        return None if "bank" in form and self._is_open(payment) else way_back(payment)


def _choice(bank: Bank) -> str:
    return (
        f'<label><input type="radio" name="bank" value="{escape(bank.id)}" required> '
        f"<strong>{escape(bank.name)}</strong> <small>{escape(bank.story)}</small></label>"
    )
