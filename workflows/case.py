"""Money that came for a code and pays for nothing: keep it safe, and find out whose it is.

webhook, or the payment itself -> seen -> providers.ask -> cases.open: into suspense
    the partner's policy, or resolve (an operator)
        refund -> providers.refund, until known -> cases.close: REFUNDED
                  declined -> an operator says again
        accept -> cases.close: ACCEPTED, the partner's less the fee
    it is not there, or it pays for its payment -> nothing

It can be started whenever somebody speaks of a receipt: it asks the provider and the record before
it moves anything, and each of its steps has one key for ever.
"""

from temporalio import workflow
from temporalio.client import WithStartWorkflowOperation
from temporalio.common import TypedSearchAttributes
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.cases import CaseActivities
from payments.domain import case, ids
from payments.domain.card_steps import GiveBack
from payments.domain.case import (
    ENDS,
    Case,
    CaseAnswer,
    CaseEnd,
    CaseFound,
    CaseOrder,
    CasePolicy,
    CaseStatus,
    Resolution,
)
from payments.domain.charge import Answer, Operation, Question
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.operators import is_operator
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from payments.temporal import PAY_STATE
from workflows import asking, charging, record
from workflows.asking import Bell
from workflows.door import door, refusal
from workflows.starting import found_by, operation
from workflows.uncancelled import to_its_end

BY_POLICY = "policy"


def case_operation(
    order: CaseOrder, task_queue: str
) -> WithStartWorkflowOperation["PaymentCase", CaseStatus | None]:
    """How a case is started from outside: together with its first update, `seen`."""
    return operation(
        PaymentCase.run,
        order,
        id=_name(order),
        task_queue=task_queue,
        attributes=attributes_of(order.attempt),
        summary=summary_of(order),
        can_run_again=True,
    )


async def open_case(attempt: Attempt, receipt_id: str) -> None:
    """How a payment starts one: it goes on when the payment has ended."""
    order = CaseOrder(attempt, receipt_id)
    try:
        await workflow.start_child_workflow(
            PaymentCase.run,
            order,
            id=_name(order),
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            search_attributes=attributes_of(attempt),
            static_summary=summary_of(order),
        )
    except WorkflowAlreadyStartedError:
        workflow.logger.info("case.already_running")


@workflow.defn(name="Case")
class PaymentCase:
    @workflow.init
    def __init__(self, order: CaseOrder) -> None:
        self._order = order
        self._bell = Bell()
        self._is_seen = False
        self._case: Case | None = None
        self._resolution: Resolution | None = None
        # How often the provider did not take it back.
        self._declined = 0

    @workflow.run
    async def run(self, order: CaseOrder) -> CaseStatus | None:  # noqa: ARG002 read by __init__
        """What became of the money; None when there was none that pays for nothing."""
        await to_its_end(self._story())
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._case.status if self._case is not None else None

    async def _story(self) -> None:
        found, is_new = await self._found(), True
        if found is not None:
            opened = await record.write(CaseActivities.open, found, f"came {found.reason}")
            self._case, is_new = opened.case, opened.is_new
        self._is_seen = True
        if self._case is None:
            workflow.set_current_details("nothing came, or it pays for its payment")
            return
        if self._case.policy is not CasePolicy.OPERATOR:
            self._resolution = Resolution(self._case.policy, BY_POLICY)
        while self._case.is_open:
            await self._resolve(self._case, is_new=is_new)
            is_new = True

    async def _found(self) -> CaseFound | None:
        attempt = self._order.attempt
        answer = await asking.until_known(charging.asked_after(attempt), self._bell)
        return case.found(attempt, answer, self._order.receipt_id, workflow.now())

    async def _resolve(self, standing: Case, *, is_new: bool) -> None:
        self._show(standing)
        await workflow.wait_condition(lambda: self._resolution is not None)
        assert self._resolution is not None
        fee = Money(0, standing.amount.currency)
        if self._resolution.policy is CasePolicy.REFUND:
            if not await self._sent_back(standing, is_new=is_new):
                # The money stays where it is, and a person looks.
                self._declined += 1
                self._resolution = None
                return
        else:
            fee = case.fee_for(standing, self._order.attempt.order)
        status = ENDS[self._resolution.policy]
        end = CaseEnd(standing, status, self._resolution.by, fee, workflow.now())
        write = record.write if self._resolution.by == BY_POLICY else record.write_asked
        self._case = await write(CaseActivities.close, end, f"now {status}")
        self._show(self._case)

    async def _sent_back(self, standing: Case, *, is_new: bool) -> bool:
        attempt = self._order.attempt
        key = ids.case_refund(standing.case_id, self._declined + 1)
        back = GiveBack(attempt, key, standing.amount, self._order.receipt_id)
        answer = Answer(OutcomeKind.NOT_SENT) if is_new else await self._sent_before(back)
        if answer.kind is OutcomeKind.NOT_SENT:
            answer = await charging.refund(back, self._bell)
        if answer.kind is OutcomeKind.ACCEPTED:
            return True
        workflow.logger.warning("case.refund_declined")
        return False

    async def _sent_before(self, back: GiveBack) -> Answer:
        """Another run may have sent it, and some providers would refund twice."""
        question = Question(
            *(self._order.attempt, Operation.REFUND, self._order.attempt.order.created_at),
            key=back.key,
            amount=back.amount,
        )
        return await asking.until_known(question, self._bell)

    def _show(self, standing: Case) -> None:
        amount = standing.amount
        lines = [
            (
                f"**{standing.status}** {amount} {amount.currency}, came {standing.reason}"
                f" for `{standing.payment_id}`"
            ),
            f"receipt `{standing.receipt_id}`, policy {standing.policy}",
        ]
        if self._declined:
            lines.append(f"{standing.provider} did not take it back, {self._declined} times")
        workflow.set_current_details("  \n".join(lines))
        workflow.upsert_search_attributes([PAY_STATE.value_set(standing.status.value)])

    # Doors

    @door("seen", "Whether money was found that pays for nothing, once it is in the ledger")
    async def seen(self) -> bool:
        self._bell.ring()
        await workflow.wait_condition(lambda: self._is_seen)
        return self._case is not None

    @door("resolve", "An operator's word: refund it, or let the partner have it")
    async def resolve(self, resolution: Resolution) -> CaseAnswer:
        self._resolution = resolution
        await workflow.wait_condition(
            lambda: self._resolution is None or (self._case is not None and not self._case.is_open)
        )
        if self._case is not None and not self._case.is_open:
            return CaseAnswer(self._case)
        return CaseAnswer(refused=Code.REFUND_FAILED)

    @resolve.validator
    def _may_resolve(self, resolution: Resolution) -> None:
        if not is_operator(resolution.by):
            raise refusal(Code.FIELD_REFUSED)
        is_word = resolution.policy is not CasePolicy.OPERATOR
        if self._case is None or not self._case.is_open or self._resolution or not is_word:
            raise refusal(Code.PAYMENT_STATE)

    @workflow.query(name="case", description="The case as it stands")
    def case(self) -> Case | None:
        return self._case


def _name(order: CaseOrder) -> str:
    return ids.case(order.attempt.provider, order.receipt_id)


def attributes_of(attempt: Attempt) -> TypedSearchAttributes:
    order = attempt.order
    return found_by(order.partner_id, order.amount, provider=attempt.provider)


def summary_of(order: CaseOrder) -> str:
    return f"{order.receipt_id} at {order.attempt.provider} pays for nothing, if it is there"
