"""Name servers that say what a test wants, and one try by what they say."""

from collections.abc import Sequence
from ipaddress import ip_address

from payments.adapters.webhooks.sender import HttpWebhookSender
from payments.domain.addresses import Address, Rules
from payments.domain.webhook import Try
from tests.contracts.webhooks.deliveries import make_delivery


class Names:
    """A name server that gives one answer after the other, and the last one for ever."""

    def __init__(self, *answers: Sequence[str] | OSError) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[Address]:
        self.asked.append(host)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, OSError):
            raise answer
        return [ip_address(each) for each in answer]


async def sent(rules: Rules, names: Names, url: str) -> Try:
    sender = HttpWebhookSender(rules, resolve=names, patience_s=60)
    try:
        return await sender.send(make_delivery(url), 1)
    finally:
        await sender.close()
