"""One try of a delivery, from the POST to what the record says about it."""

from datetime import UTC, datetime, timedelta

from temporalio import activity

from payments.domain.webhook import Delivery, Following, follows
from payments.ports.webhooks import Endpoints, Outbox, WebhookSender


class Posting:
    def __init__(self, outbox: Outbox, endpoints: Endpoints, sender: WebhookSender) -> None:
        self._outbox = outbox
        self._endpoints = endpoints
        self._sender = sender

    async def attempt(self, delivery: Delivery) -> Following:
        """Send it once and write down what came of it.

        Lost in between, it is sent again: the receiver knows it by its id.
        """
        made = await self._sender.send(delivery, delivery.tries + 1)
        following = follows(delivery, made)
        next_try_at = made.at + following.pause if following.pause else None
        await self._outbox.tried(delivery.ref, made, following.state, next_try_at)
        if following.disables is not None:
            endpoint = delivery.endpoint
            await self._endpoints.disable(
                endpoint.partner_id, endpoint.endpoint_id, following.disables, made.at
            )
            activity.logger.warning("webhook_endpoint.disabled %s", endpoint.endpoint_id)
        if delivery.tries == 0 and delivery.ref.round == 1:
            _lag(datetime.now(UTC), delivery)
        return following


def _lag(now: datetime, delivery: Delivery) -> None:
    """How long after it happened the partner was first told, or first could not be told."""
    histogram = activity.metric_meter().create_histogram_timedelta(
        "quittance_webhook_lag", "From the event to the end of its first try"
    )
    histogram.record(max(now - delivery.event.occurred_at, timedelta()))
