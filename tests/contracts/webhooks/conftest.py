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
    sender = HttpWebhookSender(RULES, patience_s=0.5)
    yield sender
    await sender.close()
