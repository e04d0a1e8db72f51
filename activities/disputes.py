"""Steps of a dispute in our record: what was seen, reminders, answers. One write each."""

from temporalio import activity

from activities import failures
from payments.domain.codes import Code
from payments.domain.dispute import Dispute, DisputeAnswer, ResponseOrder, Seen, Sighting
from payments.domain.dispute_steps import Reminder, ResponseEnd
from payments.ports.disputes import Disputes


class DisputeActivities:
    """The key is the dispute's id and where it stands: the same write twice is one write."""

    def __init__(self, disputes: Disputes) -> None:
        self._disputes = disputes

    @activity.defn(name="disputes.see")
    async def see(self, sighting: Sighting) -> Seen:
        """Bring the record to where the provider is, with the money."""
        with failures.translated():
            return await self._disputes.see(sighting)

    @activity.defn(name="disputes.remind")
    async def remind(self, reminder: Reminder) -> Dispute:
        """Tell the partner that the time to answer comes nearer."""
        with failures.translated():
            return await self._disputes.remind(
                reminder.dispute_id, reminder.number, last=reminder.last
            )

    @activity.defn(name="disputes.respond")
    async def respond(self, order: ResponseOrder) -> DisputeAnswer:
        """Write down that this answer is sent now, or why not."""
        with failures.translated():
            answer = await self._disputes.answer(order)
        if isinstance(answer, Code):
            return DisputeAnswer(refused=answer)
        return DisputeAnswer(answer)

    @activity.defn(name="disputes.responded")
    async def responded(self, end: ResponseEnd) -> Dispute:
        """The provider has taken the answer, or refused it."""
        with failures.translated():
            sending = end.sending
            return await self._disputes.answered(
                sending.order.dispute_id, sending.response, sending.version, end.state
            )
