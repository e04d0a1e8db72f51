"""Follow a dispute at its provider until it is over, and answer it for the partner.

webhook -> told -> disputes.look -> disputes.see: opened, with its money
until it is over:
    webhook, the due date, or a day without news -> disputes.look -> disputes.see
    the due date comes nearer ----------------> disputes.remind
    POST ../submit, ../accept -> respond -> disputes.respond -> disputes.send
                                 [-> unknown: disputes.sent, until known] -> disputes.responded

The provider decides; what it says is read before anything is believed. It can be started again
whenever there is a doubt: it asks the record and the provider first, and each of its steps has one
key for ever.
"""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.client import WithStartWorkflowOperation
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ActivityError, ApplicationError

from activities.dispute_calls import DisputeCallActivities
from activities.disputes import DisputeActivities
from activities.failures import NOT_SENT
from payments.domain import dispute as domain
from payments.domain import ids
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.dispute import (
    CLOSED,
    DisputeAnswer,
    DisputeOrder,
    DisputeStatus,
    ResponseOrder,
    ResponseState,
    Sighting,
    Unopened,
)
from payments.domain.dispute_steps import Look, ResponseEnd, Sending, Sent, next_moment
from payments.domain.outcome import OutcomeKind
from payments.temporal import AMOUNT_MINOR, PARTNER_ID, PAY_STATE, PROVIDER
from workflows import asking, options, record
from workflows.asking import Bell, Window
from workflows.door import door
from workflows.starting import operation
from workflows.uncancelled import to_its_end

_SHORTEST: Final = timedelta(seconds=1)
_OVER: Final = (OutcomeKind.ACCEPTED, OutcomeKind.DECLINED)


def _of_dispute(order: DisputeOrder) -> str:
    return f"how {order.reference} stands at {order.provider}"


def _of_answer(sent: Sent) -> str:
    return f"what became of {sent.sending.key} at {sent.sending.order.provider}"


_DISPUTES: Final = Window(
    look=DisputeCallActivities.look,
    ask=DisputeCallActivities.look,
    words=_of_dispute,
    unknown=lambda detail: Look(is_known=False),  # noqa: ARG005 it is in the failure
)
_ANSWERS: Final = Window(
    look=DisputeCallActivities.sent,
    ask=DisputeCallActivities.sent,
    words=_of_answer,
    unknown=lambda detail: Answer(OutcomeKind.UNKNOWN, detail=detail),
)


def dispute_operation(
    order: DisputeOrder, task_queue: str
) -> WithStartWorkflowOperation["Dispute", DisputeAnswer]:
    """How a dispute is followed, by everybody: together with the first update."""
    return operation(
        Dispute.run,
        order,
        id=ids.dispute(order.dispute_id),
        task_queue=task_queue,
        attributes=found_by(order),
        summary=summary_of(order),
        details=f"`{order.reference}`",
        can_run_again=True,
    )


def found_by(order: DisputeOrder) -> TypedSearchAttributes:
    return TypedSearchAttributes([SearchAttributePair(PROVIDER, order.provider)])


def summary_of(order: DisputeOrder) -> str:
    return f"a dispute at {order.provider}"


@workflow.defn(name="Dispute")
class Dispute:
    @workflow.init
    def __init__(self, order: DisputeOrder) -> None:
        self._order = order
        self._bell = Bell()
        self._dispute: domain.Dispute | None = None
        self._unopened: Unopened | None = None
        self._shown: DisputeStatus | None = None
        self._is_over = False
        # The answers that wait to be sent, and how those ended that were: by their keys.
        self._sending: list[Sending] = []
        self._ended: dict[str, ResponseState] = {}
        # How many answers are being written down, of which some may have to be sent.
        self._asked = 0

    @workflow.run
    async def run(self, order: DisputeOrder) -> DisputeAnswer:  # noqa: ARG002 read by __init__
        await to_its_end(self._story())
        self._is_over = True
        await workflow.wait_condition(workflow.all_handlers_finished)
        return DisputeAnswer(self._dispute, unopened=self._unopened)

    async def _story(self) -> None:
        await self._follow()
        if self._dispute is None:
            return
        if self._dispute.response_state is ResponseState.SENDING:
            # A run before this one ended in the middle of it.
            self._queue(Sending.of(self._dispute))
        while await self._goes_on(self._dispute):
            if not self._sending and not await self._wait(self._dispute):
                continue
            sending = self._sending[0] if self._sending else None
            state = await self._answer(sending) if sending else None
            await self._follow()
            if sending is not None and state is not None:
                self._sending.remove(sending)
                self._ended[sending.key] = state
            if await self._can_begin_anew():
                workflow.continue_as_new(self._order)

    async def _goes_on(self, dispute: domain.Dispute) -> bool:
        if dispute.status in CLOSED:
            await workflow.wait_condition(lambda: not self._asked)
        return bool(self._sending) or dispute.status not in CLOSED

    async def _follow(self) -> None:
        """The provider's word on it, however long that takes, and the record brought there."""
        rung = self._bell.rung
        look = await asking.known_at(_DISPUTES, self._order, self._bell)
        if look.found is None:
            self._unopened = Unopened.NOT_THERE
        else:
            sighting = Sighting(self._order, look.found, workflow.now())
            seen = await record.write(DisputeActivities.see, sighting, f"it is {look.found.status}")
            self._dispute, self._unopened = seen.dispute, seen.unopened
            if seen.contradicts:
                workflow.logger.warning("dispute.contradicted")
        self._show()
        await self._bell.hear(rung)

    async def _wait(self, dispute: domain.Dispute) -> bool:
        """Whether there is a reason to ask now; False when there was only a reminder to tell."""
        now = workflow.now()
        moment, reminder = next_moment(dispute, now)
        try:
            await workflow.wait_condition(
                lambda: self._bell.is_rung or bool(self._sending),
                timeout=max(moment - now, _SHORTEST),
            )
        except TimeoutError:
            if reminder is not None:
                words = f"reminder {reminder.number}"
                self._dispute = await record.write(DisputeActivities.remind, reminder, words)
                return False
        return True

    async def _answer(self, sending: Sending) -> ResponseState:
        """Send it, ask, and send again under the same key only what surely never came."""
        answer = await self._sent(sending)
        while answer.kind not in _OVER:
            answer = await self._became(sending)
            if answer.kind is OutcomeKind.NOT_SENT:
                answer = await self._sent(sending)
        taken = answer.kind is OutcomeKind.ACCEPTED
        state = ResponseState.TAKEN if taken else ResponseState.REFUSED
        await record.write(
            DisputeActivities.responded, ResponseEnd(sending, state), f"answer {state}"
        )
        return state

    def _queue(self, sending: Sending) -> None:
        if sending not in self._sending:
            self._ended.pop(sending.key, None)
            self._sending.append(sending)

    async def _sent(self, sending: Sending) -> Answer:
        words = f"{sending.response} to {self._order.provider}"
        try:
            return await workflow.execute_activity_method(
                DisputeCallActivities.send,
                sending,
                **options.with_files(words, f"respond {sending.key}"),
            )
        except ActivityError as error:
            is_not_sent = isinstance(error.cause, ApplicationError) and error.cause.type == NOT_SENT
            kind = OutcomeKind.NOT_SENT if is_not_sent else OutcomeKind.UNKNOWN
            return Answer(kind, detail=f"attempt lost: {error.cause}")

    async def _became(self, sending: Sending) -> Answer:
        """Asked until the provider knows; at once when its webhook comes."""
        return await asking.known_at(_ANSWERS, Sent(sending, workflow.now()), self._bell)

    async def _can_begin_anew(self) -> bool:
        """All that is known stands in the record, so a long history can be left behind, once
        nobody waits at a door.
        """
        if not workflow.info().is_continue_as_new_suggested():
            return False

        def is_wanted() -> bool:
            return self._bell.is_rung or bool(self._sending)

        await workflow.wait_condition(lambda: workflow.all_handlers_finished() or is_wanted())
        return not is_wanted()

    def _show(self) -> None:
        dispute = self._dispute
        if dispute is None:
            workflow.set_current_details(f"**{self._unopened}**")
            return
        if dispute.status is self._shown:
            return
        self._shown = dispute.status
        workflow.set_current_details(f"**{dispute.status}** of payment `{dispute.payment_id}`")
        workflow.upsert_search_attributes(
            [
                PARTNER_ID.value_set(dispute.partner_id),
                PAY_STATE.value_set(dispute.status.value),
                AMOUNT_MINOR.value_set(dispute.amount.minor),
            ]
        )

    # Doors

    @door("told", "A provider's webhook came: ask the provider now")
    async def told(self, event_id: str) -> DisputeAnswer:  # noqa: ARG002 for history's readers
        rung = self._bell.ring()
        await workflow.wait_condition(lambda: self._is_over or self._bell.heard >= rung)
        return DisputeAnswer(self._dispute, unopened=self._unopened)

    @door("respond", "Answer the dispute with a version of its evidence, or accept it")
    async def respond(self, order: ResponseOrder) -> DisputeAnswer:
        """The dispute as it stands once the provider has the answer; or why not."""
        await workflow.wait_condition(lambda: self._is_over or self._dispute is not None)
        if self._dispute is None:
            return DisputeAnswer(refused=Code.DISPUTE_UNKNOWN)
        written = await self._write_down(order)
        if written.dispute is None or written.dispute.response_state is not ResponseState.SENDING:
            return written
        sending = Sending.of(written.dispute)
        self._queue(sending)
        await workflow.wait_condition(lambda: self._is_over or sending.key in self._ended)
        refused = self._ended.get(sending.key) is ResponseState.REFUSED
        return DisputeAnswer(self._dispute, refused=Code.ANSWER_REFUSED if refused else None)

    async def _write_down(self, order: ResponseOrder) -> DisputeAnswer:
        self._asked += 1
        try:
            words = f"{order.response} asked"
            return await record.write_asked(DisputeActivities.respond, order, words)
        finally:
            self._asked -= 1
