"""Steps at a payout rail: hand over, and ask. One call each."""

from temporalio import activity

from activities import failures
from payments.domain.codes import Code
from payments.domain.outcome import OutcomeKind
from payments.domain.payout import PayoutOrder
from payments.domain.rail import TransferAnswer, TransferQuestion
from payments.ports.payouts import Destinations
from payments.ports.rail import Rail, Rails, RailUnavailable


class RailActivities:
    """Key: the payout's id, never a try. What is behind the destination is opened here alone."""

    def __init__(self, rails: Rails, destinations: Destinations) -> None:
        self._rails = rails
        self._destinations = destinations

    @activity.defn(name="rails.send")
    async def send(self, order: PayoutOrder) -> TransferAnswer:
        """Hand the transfer over, once. Fails only when it surely was not sent: for good, when the
        record does not have the payout as one that may leave.
        """
        rail = self._rails.get(order.carrier)
        if rail is None:
            raise failures.not_sent(TransferAnswer(OutcomeKind.NOT_SENT, detail="not plugged in"))
        with failures.translated():
            account = await self._destinations.opened_for(order)
        if account is None:
            return TransferAnswer(OutcomeKind.DECLINED, code=Code.DESTINATION_FORGOTTEN)
        with failures.never_again():
            answer = await rail.send(order, account)
        if answer.kind is OutcomeKind.NOT_SENT:
            raise failures.not_sent(answer)
        return answer

    @activity.defn(name="rails.ask")
    async def ask(self, question: TransferQuestion) -> TransferAnswer:
        """Ask until the rail knows."""
        answer = await self.look(question)
        if not answer.is_known:
            raise failures.not_known(answer)
        return answer

    @activity.defn(name="rails.look")
    async def look(self, question: TransferQuestion) -> TransferAnswer:
        """Ask once, and bring whatever the rail says now."""
        with failures.translated():
            rail = self._known(question.order.carrier)
        return await rail.inquire(question)

    def _known(self, rail_id: str) -> Rail:
        """A rail that was unplugged in mid-payout comes back, or an operator brings it."""
        rail = self._rails.get(rail_id)
        if rail is None:
            raise RailUnavailable(f"{rail_id} is not plugged in")
        return rail
