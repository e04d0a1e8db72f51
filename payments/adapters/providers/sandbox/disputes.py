"""Disputes at the acquirer: its words and ours, and how one is asked after and answered."""

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from payments.adapters.providers.answered_disputes import AnsweredDisputes
from payments.adapters.providers.sandbox.client import Client
from payments.adapters.providers.sandbox.errors import NAME_TAKEN, REFUSING, turned_away
from payments.adapters.providers.sandbox.reading import Unreadable, instant, money, text
from payments.domain.charge import Answer
from payments.domain.dispute import (
    DisputeReason,
    DisputeStatus,
    Found,
    became_of,
)
from payments.domain.evidence import Said
from payments.domain.outcome import OutcomeKind
from payments.outside.wire import NeverLeft, NoAnswer, Reply
from payments.ports.provider import Capabilities, ProviderUnavailable

_S = DisputeStatus
_STATES: Final[Mapping[str, DisputeStatus]] = {
    "INQUIRY": _S.WARNING_NEEDS_RESPONSE,
    "INQUIRY_ANSWERED": _S.WARNING_UNDER_REVIEW,
    "INQUIRY_CLOSED": _S.WARNING_CLOSED,
    "OPEN": _S.NEEDS_RESPONSE,
    "ANSWERED": _S.UNDER_REVIEW,
    "WON": _S.WON,
    "LOST": _S.LOST,
}
# Visa's numbers of reasons; what is not here is told as general, with the number beside it.
_REASONS: Final[Mapping[str, DisputeReason]] = {
    "10.4": DisputeReason.FRAUDULENT,
    "10.5": DisputeReason.FRAUDULENT,
    "12.6": DisputeReason.DUPLICATE,
    "13.1": DisputeReason.NOT_RECEIVED,
    "13.2": DisputeReason.SUBSCRIPTION_CANCELED,
    "13.3": DisputeReason.NOT_AS_DESCRIBED,
    "13.6": DisputeReason.CREDIT_NOT_PROCESSED,
    "13.7": DisputeReason.CREDIT_NOT_PROCESSED,
}
_REFUSING: Final = REFUSING | {HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
_ODD: Final = (Unreadable, ValueError, TypeError, KeyError, AttributeError)


def found(told: Any) -> Found:
    """Raises one of _ODD for what is no dispute of theirs."""
    currency, reason = text(told, "currency"), text(told, "reason")
    return Found(
        reference=text(told, "id"),
        payment=text(told, "payment"),
        amount=money(told, "amount", currency),
        fee=money(told, "fee", currency),
        status=_STATES[text(told, "state")],
        reason=_REASONS.get(reason, DisputeReason.GENERAL),
        raw_reason=reason,
        opened_at=instant(text(told, "openedAt")),
        due_at=instant(text(told, "dueAt")),
        answered=told["answer"] is not None,
    )


class SandboxDisputes(AnsweredDisputes):
    def __init__(
        self, client: Client, capabilities: Capabilities, now: Callable[[], datetime]
    ) -> None:
        super().__init__(capabilities, now)
        self._client = client

    async def find(self, reference: str) -> Found | None:
        try:
            reply = await self._client.dispute(reference)
        except (NeverLeft, NoAnswer) as error:
            raise ProviderUnavailable(str(error)) from error
        if reply.status == HTTPStatus.NOT_FOUND and reply.error == "DISPUTE_NOT_FOUND":
            return None
        if reply.status != HTTPStatus.OK or reply.body is None:
            raise ProviderUnavailable(str(reply))
        try:
            dispute = found(reply.body)
        except _ODD as error:
            raise ProviderUnavailable(f"unreadable dispute: {error}") from error
        if dispute.reference != reference:
            raise ProviderUnavailable("another dispute")
        return dispute

    async def respond(self, said: Said) -> Answer:
        try:
            earlier = await self._earlier(said)
            if earlier is not None:
                return earlier
            files: dict[str, str] = {}
            for enclosure in said.enclosures:
                key = f"{said.key}-{enclosure.file_id}"
                given = await self._given(
                    await self._client.give_file(said.reference, enclosure, key=key)
                )
                if isinstance(given, Answer):
                    return given
                files[enclosure.about] = given
        except (NeverLeft, NoAnswer, ProviderUnavailable) as error:
            # A file that may be there answers nothing yet.
            return Answer(OutcomeKind.NOT_SENT, detail=str(error))
        return await self._sent(said, files)

    async def _given(self, reply: Reply) -> str | Answer:
        """Their id of a file, or why the answer ends here."""
        if reply.status in (HTTPStatus.OK, HTTPStatus.CREATED):
            file_id = (reply.body or {}).get("id")
            if isinstance(file_id, str):
                return file_id
        if reply.error and reply.status in _REFUSING:
            return Answer(OutcomeKind.DECLINED, detail=str(reply))
        return Answer(OutcomeKind.NOT_SENT, detail=str(reply), retry_after_s=reply.retry_after_s)

    async def _sent(self, said: Said, files: Mapping[str, str]) -> Answer:
        try:
            if said.accepts:
                reply = await self._client.accept(said.reference, key=said.key)
            else:
                texts = {about.value: words for about, words in said.texts.items()}
                reply = await self._client.submit(
                    said.reference, key=said.key, texts=texts, files=files
                )
        except NeverLeft as error:
            return Answer(OutcomeKind.NOT_SENT, detail=str(error))
        except NoAnswer as error:
            return Answer(OutcomeKind.UNKNOWN, detail=str(error))
        return _became(reply, said)


def _became(reply: Reply, said: Said) -> Answer:
    if reply.status == HTTPStatus.OK:
        try:
            dispute = found(reply.body)
            kind = became_of(said.response, dispute)
        except _ODD as error:
            return Answer(OutcomeKind.UNKNOWN, detail=f"quarantined: {error}")
        if kind is OutcomeKind.ACCEPTED and dispute.reference == said.reference:
            return Answer(kind, reference=said.reference, detail=dispute.status)
        return Answer(OutcomeKind.UNKNOWN, detail="quarantined: not what was asked for")
    if turned_away(reply.status, reply.error):
        return Answer(OutcomeKind.NOT_SENT, detail=str(reply), retry_after_s=reply.retry_after_s)
    if reply.status in _REFUSING and reply.error and reply.error not in NAME_TAKEN:
        return Answer(OutcomeKind.DECLINED, detail=str(reply))
    return Answer(OutcomeKind.UNKNOWN, detail=str(reply))
