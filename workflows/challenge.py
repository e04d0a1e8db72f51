"""One 3DS challenge: the customer is at the issuer's page, and we wait for the end of it.

A workflow of its own under the payment's, so that operators see each challenge, when it ends and
who rang; how it goes is told in acting.py.
"""

from temporalio import workflow
from temporalio.exceptions import FailureError

from payments.domain.card_steps import ChallengeOrder
from payments.domain.charge import Answer
from payments.domain.codes import Code
from workflows.acting import Acting
from workflows.asking import Bell
from workflows.uncancelled import to_its_end

LOOKED = "looked"


class BellOfPayment(Bell):
    """Rung by the payment, who wants to know when its ringing brought nothing."""

    async def hear(self, rung: int) -> None:
        await super().hear(rung)
        parent = workflow.info().parent
        if parent is None:
            return
        try:
            payment = workflow.get_external_workflow_handle(parent.workflow_id)
            await payment.signal(LOOKED, rung)
        except FailureError:
            workflow.logger.warning("challenge.payment_gone")


@workflow.defn(name="Challenge")
class Challenge:
    @workflow.init
    def __init__(self, order: ChallengeOrder) -> None:  # noqa: ARG002 read by run()
        self._bell = BellOfPayment()
        self._is_canceled = False

    @workflow.run
    async def run(self, order: ChallengeOrder) -> Answer:
        workflow.set_current_details(f"**open** until {order.expires_at:%H:%M:%S}")
        acting = Acting(
            order.attempt,
            order.expires_at,
            self._bell,
            lambda: self._is_canceled,
            Code.CHALLENGE_EXPIRED,
        )
        # Temporal's cancel button means the same as the customer's.
        answer = await to_its_end(acting.ended(), when_canceled=self.cancel)
        workflow.set_current_details(f"**{answer.kind}** {answer.detail}")
        return answer

    @workflow.signal(name="look", description="There may be an end of it: ask the provider now")
    def look(self, rung: int) -> None:
        self._bell.rung = max(self._bell.rung, rung)

    @workflow.signal(name="cancel", description="End the challenge; nothing shall be charged")
    def cancel(self) -> None:
        self._is_canceled = True
