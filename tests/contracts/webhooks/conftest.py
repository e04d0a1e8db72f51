"""What the tests of webhooks to partners share."""

import pytest

from tests.contracts.webhooks.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))
