"""What the tests of webhooks to partners share."""

from collections.abc import AsyncIterator

import pytest

from payments.adapters.webhooks.sender import HttpWebhookSender
from tests.contracts.webhooks.certificates import Authority
from tests.contracts.webhooks.receivers import RULES


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def sender() -> AsyncIterator[HttpWebhookSender]:
    """Patient enough for a receiver of ours on a machine with too much to do."""
    sender = HttpWebhookSender(RULES, patience_s=60)
    yield sender
    await sender.close()


@pytest.fixture
async def impatient() -> AsyncIterator[HttpWebhookSender]:
    """For those who never say a status: no machine is too slow for that."""
    sender = HttpWebhookSender(RULES, patience_s=0.5)
    yield sender
    await sender.close()


@pytest.fixture
async def willing() -> AsyncIterator[HttpWebhookSender]:
    """For those who say a status and never come to an end: there is time for the status."""
    sender = HttpWebhookSender(RULES, patience_s=3)
    yield sender
    await sender.close()
