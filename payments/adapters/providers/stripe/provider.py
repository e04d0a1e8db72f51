"""Cards at Stripe: one PaymentIntent for each attempt, found again by our name in its metadata."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from payments.adapters.providers.stripe import mapping, webhooks
from payments.adapters.providers.stripe.amounts import NotTheirs, theirs
from payments.adapters.providers.stripe.capabilities import capabilities
from payments.adapters.providers.stripe.client import Client, Object
from payments.adapters.providers.stripe.disputes import StripeDisputes
from payments.adapters.providers.stripe.errors import Refusal
from payments.domain.card import Card
from payments.domain.charge import Answer, Operation, Question
from payments.domain.dispute import Found as FoundDispute
from payments.domain.dispute import Response
from payments.domain.evidence import Said
from payments.domain.method import Bank
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from payments.domain.provider import ProviderKind, ProviderProfile, alias
from payments.outside.wire import NeverLeft, NoAnswer
from payments.ports.provider import Capabilities, ProviderUnavailable, Told

# Their clock is not ours.
_SKEW: Final = timedelta(minutes=5)
_MOST_REMEMBERED: Final = 10_000
Found = TypeVar("Found")


class StripeProvider:
    def __init__(
        self, profile: ProviderProfile, client: Client, now: Callable[[], datetime]
    ) -> None:
        self._profile = profile
        self._client = client
        self._now = now
        self._capabilities = capabilities(profile)
        self._disputes = StripeDisputes(client, self._capabilities, now)
        # Their ids of our names: where to look first, never what to believe.
        self._ids: OrderedDict[str, str] = OrderedDict()

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def authorize(self, attempt: Attempt) -> Answer:
        return await _ended(self._authorize(attempt))

    async def capture(self, attempt: Attempt, *, key: str, amount: Money, final: bool) -> Answer:
        # Whatever is left over goes back at once over there, `final` or not.
        del final
        return await _ended(self._capture(self._question(attempt, Operation.CAPTURE, key, amount)))

    async def void(self, attempt: Attempt) -> Answer:
        return await _ended(self._void(self._question(attempt, Operation.VOID)))

    async def refund(
        self,
        attempt: Attempt,
        *,
        key: str,
        amount: Money,
        receipt: str | None = None,
    ) -> Answer:
        assert receipt is None, "codes are never sent here"
        return await _ended(self._refund(self._question(attempt, Operation.REFUND, key, amount)))

    async def inquire(self, question: Question) -> Answer:
        settled = self._now() >= question.sent_by + self._capabilities.settles_within
        try:
            return await self._found(question, settled=settled)
        except (NeverLeft, NoAnswer) as error:
            return Answer(OutcomeKind.UNKNOWN, detail=str(error))

    async def card(self, token: str) -> Card | None:
        try:
            method = await self._client.method(token)
        except (NeverLeft, NoAnswer) as error:
            raise ProviderUnavailable(str(error)) from error
        if not isinstance(method, Refusal):
            return mapping.card(method, token)
        if mapping.is_missing(method):
            return None
        raise ProviderUnavailable(str(method))

    async def banks(self) -> Sequence[Bank]:
        """We take only cards there."""
        return ()

    async def dispute(self, reference: str) -> FoundDispute | None:
        return await self._disputes.find(reference)

    async def respond(self, said: Said) -> Answer:
        return await self._disputes.respond(said)

    async def responded(self, reference: str, response: Response, *, sent_by: datetime) -> Answer:
        return await self._disputes.responded(reference, response, sent_by=sent_by)

    def webhook(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Told:
        profile = self._profile
        return webhooks.told(raw, headers, profile.webhook_secrets, now, profile.id)

    # How each call goes. They raise NeverLeft only while nothing of theirs has been sent.

    async def _authorize(self, attempt: Attempt) -> Answer:
        method = alias(attempt.order.method, ProviderKind.STRIPE)
        if method is None:
            return Answer(OutcomeKind.NOT_SENT, detail="they do not know this card")
        order = mapping.order(attempt, method)
        if not self._capabilities.honours_idempotency_keys:
            earlier = await self._find(attempt, self._now())
            if earlier is not None:
                return await self._authorization(earlier, attempt)
        created = await self._client.create(order, key=attempt.reference)
        if isinstance(created, Refusal):
            return mapping.refusal(Operation.AUTHORIZE, created)
        return await self._authorization(created, attempt)

    async def _capture(self, asked: Question) -> Answer:
        assert asked.amount is not None, "a capture names its amount"
        units = theirs(asked.amount)
        earlier = await self._earlier(asked)
        if earlier is not None:
            return earlier
        intent_id = await self._id(asked.attempt)
        # One payment's captures are named beside each other; the key is for all payments.
        key = f"{asked.attempt.reference}:{asked.key}"
        done = await self._client.capture(intent_id, units, name=asked.key, key=key)
        if isinstance(done, Refusal):
            return await self._refused(done, asked)
        return mapping.capture(done, asked.key, missing=mapping.absent(settled=False))

    async def _void(self, asked: Question) -> Answer:
        intent_id = await self._id(asked.attempt)
        key = f"{asked.attempt.reference}:{Operation.VOID}"
        done = await self._client.cancel(intent_id, key=key)
        if isinstance(done, Refusal):
            return await self._refused(done, asked)
        return mapping.void(done, missing=mapping.absent(settled=False))

    async def _refund(self, asked: Question) -> Answer:
        assert asked.amount is not None, "a refund names its amount"
        units = theirs(asked.amount)
        earlier = await self._earlier(asked)
        if earlier is not None:
            return earlier
        intent_id = await self._id(asked.attempt)
        done = await self._client.refund(intent_id, units, key=asked.key)
        if isinstance(done, Refusal):
            return await self._refused(done, asked)
        return mapping.refund(done, asked.key)

    async def _earlier(self, asked: Question) -> Answer | None:
        """Who ignores keys would do a repeat again, so it is asked before."""
        if self._capabilities.honours_idempotency_keys:
            return None
        found = await self._found(asked, settled=True)
        return None if found.kind is OutcomeKind.NOT_SENT else found

    async def _refused(self, no: Refusal, asked: Question) -> Answer:
        """A refusal may mean that it is done already: look."""
        if no.kind is not OutcomeKind.DECLINED:
            return mapping.refusal(asked.operation, no)
        found = await self._found(asked, settled=True)
        if found.kind is OutcomeKind.NOT_SENT:
            return mapping.refusal(asked.operation, no)
        return found

    async def _found(self, asked: Question, *, settled: bool) -> Answer:
        intent = await self._find(asked.attempt, asked.sent_by)
        missing = mapping.absent(settled=settled)
        match asked.operation:
            case Operation.VOID if intent is None and settled:
                return Answer(OutcomeKind.ACCEPTED, detail="they never had anything to give back")
            case _ if intent is None:
                return missing
            case Operation.AUTHORIZE:
                return await self._authorization(intent, asked.attempt)
            case Operation.CAPTURE:
                return mapping.capture(intent, asked.key, missing=missing)
            case Operation.VOID:
                return mapping.void(intent, missing=missing)
            case Operation.REFUND:
                rows = _must(await self._client.refunds(str(intent["id"]), asked.key))
                return mapping.refund(rows[0], asked.key) if rows else missing

    async def _authorization(self, intent: Object, attempt: Attempt) -> Answer:
        self._remember(intent, attempt.reference)
        answer = mapping.authorization(intent, attempt)
        if answer.kind is not OutcomeKind.PENDING or not mapping.is_dead_end(intent):
            return answer
        given_back = await self.void(attempt)
        if given_back.kind is OutcomeKind.ACCEPTED:
            return mapping.dead_end(intent)
        return Answer(OutcomeKind.UNKNOWN, reference=answer.reference, detail=given_back.detail)

    async def _id(self, attempt: Attempt) -> str:
        known = self._ids.get(attempt.reference)
        if known is not None:
            return known
        intent = await self._find(attempt, self._now())
        if intent is None:
            raise NoAnswer("no such payment there, or not yet")
        return str(intent["id"])

    async def _find(self, attempt: Attempt, until: datetime) -> Object | None:
        """The payment that bears our name, as it stands now; it is not younger than `until`."""
        known = self._ids.get(attempt.reference)
        if known is not None:
            there = await self._client.intent(known)
            if not isinstance(there, Refusal) or not mapping.is_missing(there):
                return _must(there)
        intent = await self._look_up(attempt, until)
        if intent is not None:
            self._remember(intent, attempt.reference)
        return intent

    async def _look_up(self, attempt: Attempt, until: datetime) -> Object | None:
        found = await self._client.search(attempt.reference)
        if not isinstance(found, Refusal) and found:
            # What stands in their index may be late.
            return _must(await self._client.intent(str(mapping.the_one(found)["id"])))
        # In some countries there is no index at all.
        since, last = attempt.order.created_at - _SKEW, until + _SKEW
        intents = _must(await self._client.intents(attempt.reference, since=since, until=last))
        return mapping.the_one(intents) if intents else None

    def _question(
        self, attempt: Attempt, operation: Operation, key: str = "", amount: Money | None = None
    ) -> Question:
        return Question(attempt, operation, sent_by=self._now(), key=key, amount=amount)

    def _remember(self, intent: Object, reference: str) -> None:
        if not mapping.is_about(intent, reference):
            return
        self._ids[reference] = str(intent["id"])
        self._ids.move_to_end(reference)
        if len(self._ids) > _MOST_REMEMBERED:
            self._ids.popitem(last=False)


async def _ended(call: Awaitable[Answer]) -> Answer:
    """A call that moves money always ends in an Answer."""
    try:
        return await call
    except (NeverLeft, NotTheirs) as error:
        return Answer(OutcomeKind.NOT_SENT, detail=str(error))
    except NoAnswer as error:
        return Answer(OutcomeKind.UNKNOWN, detail=str(error))


def _must(answer: Found | Refusal) -> Found:
    """For questions that have to be answered before anything can be said."""
    if not isinstance(answer, Refusal):
        return answer
    if answer.kind is OutcomeKind.NOT_SENT:
        raise NeverLeft(str(answer))
    raise NoAnswer(str(answer))
