"""The promises of ports.reviewers.Reviewers, and `cli.py` for who asks it."""

import pytest

from payments.adapters.postgres.reviewers import PostgresReviewers
from payments.db.session import Database
from payments.domain.partner import Standing
from payments.ports.reviewers import Reviewers
from payments.stack.postgres import DatabaseUrls
from tests.command_line import reading, typed
from tests.contracts.direct import Direct


@pytest.fixture
def reviewers(database: Database) -> Reviewers:
    return PostgresReviewers(database)


async def test_a_token_names_whose_it_is_until_they_have_another(
    reviewers: Reviewers, direct: Direct
) -> None:
    first, other = await reviewers.token_for("ann"), await reviewers.token_for("bob")
    assert [await reviewers.named_by(each) for each in (first, other)] == ["ann", "bob"]

    second = await reviewers.token_for("Ann")

    assert [await reviewers.named_by(each) for each in (first, second)] == [None, "ann"]
    for nobodys in ("", "ann", second[:-1], f"{second} "):
        assert await reviewers.named_by(nobodys) is None
    kept = str(await direct.rows("SELECT * FROM reviewer"))
    assert not any(token in kept for token in (first, second, other))


async def test_who_is_suspended_is_nobody_also_with_another_token(reviewers: Reviewers) -> None:
    await reviewers.token_for("cleo")
    await reviewers.set_standing("cleo", Standing.SUSPENDED)

    token = await reviewers.token_for("cleo")

    assert await reviewers.named_by(token) is None
    await reviewers.set_standing("cleo", Standing.ACTIVE)
    assert await reviewers.named_by(token) == "cleo"


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "é", "a\n"])
async def test_what_is_no_name_has_no_token(name: str, reviewers: Reviewers) -> None:
    with pytest.raises(ValueError, match="a name"):
        await reviewers.token_for(name)


async def test_nobody_is_suspended_by_a_name_that_nobody_has(reviewers: Reviewers) -> None:
    with pytest.raises(LookupError):
        await reviewers.set_standing("nobody", Standing.SUSPENDED)


def test_a_word_without_somebodys_token_is_refused_before_anything_is_asked(
    urls: DatabaseUrls,
) -> None:
    environment = reading(urls.app_url, QUITTANCE_REVIEWER_TOKEN="qr_nobodys")

    refused = typed(environment, "payout", "review", f"po_{'0' * 26}", "--approve")

    assert (refused.returncode, refused.stderr.strip()) == (1, "no reviewer has this token")
