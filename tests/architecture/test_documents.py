"""What the documents say is held against the code: links, codes, vectors, states, commands."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
from quittance.access import sign_token_request

import cli
from payments.domain.bill import LOCK_MOVES, LockState
from payments.domain.codes import MEANINGS, Code
from payments.domain.outcome import OutcomeKind

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
# What is in the repository, and not what lies about in it.
_LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=REPOSITORY,
    capture_output=True,
    text=True,
    check=True,
).stdout.splitlines()
PAGES = [REPOSITORY / name for name in _LISTED if name.endswith(".md")]
VECTORS: list[dict[str, str]] = json.loads((DOCS / "test-vectors.json").read_text())[
    "tokenRequests"
]


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        found = page.parent / path if path else page
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


def test_the_contract_has_the_whole_code_table() -> None:
    rows = re.findall(r"^\| (P\d{4}) \|(.+)\|$", (DOCS / "contract.md").read_text(), re.MULTILINE)
    told = {code: [cell.strip() for cell in cells.split(" | ")] for code, cells in rows}

    assert told == {
        code.value: [
            str(meaning.http_status),
            f"`{meaning.reason}`",
            "yes" if meaning.retryable else "",
            meaning.actor.value,
            meaning.message,
        ]
        for code, meaning in MEANINGS.items()
    }


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_names_a_code_that_does_not_exist(page: Path) -> None:
    assert set(re.findall(r"\bP\d{4}\b", page.read_text())) <= set(Code)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["why"])
def test_the_sdk_signs_as_the_published_vectors_say(vector: dict[str, str]) -> None:
    signature = sign_token_request(
        vector["apiKey"], vector["secret"], vector["timestamp"], vector["nonce"]
    )

    assert signature == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["why"])
def test_openssl_signs_as_the_published_vectors_say(vector: dict[str, str]) -> None:
    text = f"{vector['apiKey']}\n{vector['timestamp']}\n{vector['nonce']}"
    command = ["openssl", "dgst", "-sha256", "-hmac", vector["secret"]]

    said = subprocess.run(command, input=text.encode(), capture_output=True, check=True)

    assert said.stdout.decode().split("= ")[1].strip() == vector["signature"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_a_page_names_exists(page: Path) -> None:
    group = typer.main.get_command(cli.app)

    for words in re.findall(r"cli\.py ([a-z]+(?: [a-z-]+)?)", page.read_text()):
        name, _, sub = words.partition(" ")
        command = getattr(group, "commands", {}).get(name)
        assert command, f"cli.py {name}"
        # A second word is a command only where there is a group; elsewhere it is an argument.
        if hasattr(command, "commands") and sub:
            assert sub in command.commands, f"cli.py {words}"


def test_the_diagram_of_a_lock_shows_every_move_and_no_other() -> None:
    text = (DOCS / "architecture.md").read_text()
    drawn = re.findall(r"^ +(\w+) --> (\w+)", text, re.MULTILINE)

    assert {(LockState(a), LockState(b)) for a, b in drawn} == {
        (state, to) for state, moves in LOCK_MOVES.items() for to in moves
    }


def test_the_glossary_knows_every_state_and_outcome() -> None:
    text = (DOCS / "glossary.md").read_text()

    for state in LockState:
        assert f"`{state}`" in text
    for kind in OutcomeKind:
        assert f"*{kind.replace('_', ' ')}*" in text


def test_every_decision_is_listed_and_says_its_consequences() -> None:
    listed = (DOCS / "adr" / "README.md").read_text()

    for page in (DOCS / "adr").glob("[0-9]*.md"):
        assert f"]({page.name})" in listed
        assert "**Consequences.**" in page.read_text()
        assert f"# {page.name[:4]} " in page.read_text()


def test_the_changelog_is_written_in_sentences() -> None:
    text = (REPOSITORY / "CHANGELOG.md").read_text()
    entries = [each.strip() for each in re.split(r"^- ", text, flags=re.MULTILINE)[1:]]

    assert entries
    assert all(entry.endswith(".") for entry in entries)


def test_the_licence_is_the_one_the_package_names() -> None:
    text = (REPOSITORY / "LICENSE").read_text()

    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert 'license = "Apache-2.0"' in (REPOSITORY / "pyproject.toml").read_text()


def _texts() -> list[Path]:
    kinds = {".md", ".py", ".yml", ".yaml", ".toml", ".txt", ".sh", ".json", ""}
    return [
        REPOSITORY / name
        for name in _LISTED
        if Path(name).suffix in kinds and "static/" not in name and (REPOSITORY / name).is_file()
    ]


# Written so that this file does not find itself.
_REGISTRY = r"(?:pypi|files\.pythonhosted|registry\.npmjs|proxy\.golang|test\.pypi)\.(?:org|io)\b|"
_INDEX = r"--(?:extra-)?index-url|simple/[a-z]|artifactory|nexus\d*\."
_MACHINE = r"(?<![\w.$}])/(?:work|root|home|Users|tmp/bash_jobs)/\w"


@pytest.mark.parametrize("path", _texts(), ids=name_of)
def test_nothing_names_a_package_registry_or_a_place_on_one_machine(path: Path) -> None:
    if path == Path(__file__).resolve():
        return
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        found: Any = re.search(f"{_REGISTRY}{_INDEX}|{_MACHINE}", line)
        assert not found, f"{name_of(path)}:{number}: {found}"
