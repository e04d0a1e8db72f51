"""`cli.py partner`, as an operator types it, where no other test does."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from payments.stack.postgres import DatabaseUrls
from tests.command_line import reading, typed
from tests.contracts.direct import Direct

REVOKE = ("partner", "revoke-token")


def token(**claims: object) -> str:
    return jwt.encode(claims, b"k" * 32)


async def test_an_access_token_is_revoked_until_it_would_have_ended(
    urls: DatabaseUrls, direct: Direct
) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=15)
    stolen = token(jti="stolen", exp=int(ends.timestamp()))

    revoked = typed(reading(urls.app_url, QUITTANCE_TOKEN=stolen), *REVOKE)

    assert revoked.returncode == 0, revoked.stderr
    rows = await direct.rows("SELECT jti, expires_at FROM revoked_token")
    assert rows == [("stolen", ends)]


@pytest.mark.parametrize(
    "wrong", ["qs_no_token", token(jti="x"), token(exp=1), token(jti="x", exp=1e300)]
)
def test_what_is_no_access_token_is_refused_and_not_repeated(
    wrong: str, urls: DatabaseUrls
) -> None:
    refused = typed(reading(urls.app_url, QUITTANCE_TOKEN=wrong), *REVOKE)

    assert (refused.returncode, wrong in refused.stderr) == (2, False), refused.stderr
