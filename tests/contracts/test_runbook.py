"""Every statement of the runbook runs as the application's role, for which it is written."""

import re
from pathlib import Path

import pytest

from payments.db.session import Database

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
# In a line of its own block, or between backticks.
_STATEMENT = re.compile(r"(?:^ {4,}|`)(SELECT .+?)(?:;|`|\n\n)", re.MULTILINE | re.DOTALL)


def statements() -> list[str]:
    return [" ".join(each.split()) for each in _STATEMENT.findall(RUNBOOK.read_text())]


def test_the_runbook_has_statements() -> None:
    assert len(statements()) > 10


@pytest.mark.parametrize("statement", statements())
async def test_a_statement_of_the_runbook_runs(statement: str, database: Database) -> None:
    await database.fetch(statement)
