"""Whose money it is and who says yes or no to it: a card's issuer, or the customer's own bank.

The desk, the verdicts and the outbox know no more of cards and banks than this.
"""

from enum import StrEnum
from typing import Protocol

from sandbox.acquirer.behaviour import Instruction
from sandbox.acquirer.entries import Decline, Order, Page, ThreeDs, Verdict


class Decision(StrEnum):
    """What the customer does on an issuer's page, or on a bank's."""

    APPROVE = "approve"
    FAIL = "fail"
    CANCEL = "cancel"
    REFUSE = "refuse"
    NO_MONEY = "no_money"


class Payer(Protocol):
    @property
    def page(self) -> Page:
        """Where the customer answers."""

    @property
    def instruction(self) -> Instruction: ...

    @property
    def refunds_fail_later(self) -> bool: ...

    @property
    def webhook_copies(self) -> int:
        """How often each webhook comes at least; 0: none comes."""

    @property
    def counts_late(self) -> bool:
        """Whether an approval counts although the payment has expired or was voided."""

    @property
    def unanswered(self) -> ThreeDs:
        """What is told of a customer who never answered."""

    def opening(self, order: Order) -> ThreeDs | Verdict | None:
        """How the customer is known already, or the end; None: the customer has to answer."""

    def answered(self, decision: Decision) -> ThreeDs | Verdict | None:
        """Approved so, or the end; None: that is no answer on this page."""

    def objection(self, three_ds: ThreeDs) -> Decline | None:
        """Why an approved payment is declined all the same."""

    def decline_named(self, reason: str) -> Decline: ...
