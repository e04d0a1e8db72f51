"""`cli.py dispute`, as an operator types it."""

from pathlib import Path

import pytest

from payments.adapters.postgres.disputes import PostgresDisputes
from payments.adapters.postgres.evidence import PostgresEvidence
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payments import PostgresPayments
from payments.db.session import Database
from payments.domain.dispute import Dispute
from payments.domain.evidence import EvidenceFile, EvidenceText, KeptFile, MediaType
from payments.domain.money import Money
from tests.card_factories import NOW
from tests.command_line import typed
from tests.contracts.card_record import S, begun, fact_of
from tests.contracts.test_provider_command import environment
from tests.dispute_factories import make_sighting

assert environment, "a fixture"

PDF = b"%PDF-1.7 and the rest"


@pytest.fixture
async def dispute(database: Database) -> Dispute:
    """With one version of evidence: a text and a file."""
    ledger = PostgresLedger(database)
    payments, disputes = PostgresPayments(database, ledger), PostgresDisputes(database, ledger)
    order = await begun(payments, partner_id="partner_7")
    await payments.move(fact_of(order, S.CAPTURED))
    await disputes.see(make_sighting(order, amount=Money(9_000, "USD")))
    seen = (await disputes.see(make_sighting(order, amount=Money(4_000, "USD")))).dispute
    assert seen is not None
    evidence = PostgresEvidence(database)
    file = await evidence.keep_file(seen.dispute_id, MediaType.PDF, PDF, NOW)
    assert isinstance(file, KeptFile)
    said = {EvidenceText.EXPLANATION: "They wore it."}
    files = {EvidenceFile.RECEIPT: file.file_id}
    await evidence.add(seen.dispute_id, said, files, trace="t", at=NOW)
    return seen


async def test_disputes_are_listed_and_shown_without_what_was_said(
    environment: dict[str, str], dispute: Dispute
) -> None:
    wide = environment | {"COLUMNS": "200"}
    listed = typed(wide, "dispute", "list", "--partner", "partner_7", "--status", "needs_response")
    shown = typed(wide, "dispute", "show", dispute.dispute_id)

    assert listed.returncode == 0, listed.stderr
    assert dispute.dispute_id in listed.stdout
    assert shown.returncode == 0, shown.stderr
    assert "gone twice  30.00" in shown.stdout
    assert "explanation, receipt" in shown.stdout
    assert "wore" not in listed.stdout + shown.stdout
    for arguments in (("list", "--partner", "nobody"), ("list", "--status", "won")):
        assert typed(environment, "dispute", *arguments).stdout.strip() == "no disputes"
    unknown = typed(environment, "dispute", "show", "dp_nobodys")
    assert (unknown.returncode, "there is no dispute" in unknown.stderr) == (1, True)


async def test_a_version_is_written_out_once(
    environment: dict[str, str], dispute: Dispute, tmp_path: Path
) -> None:
    into = tmp_path / "evidence"
    command = ("dispute", "evidence", dispute.dispute_id, "--into", str(into), "--version")

    written = typed(environment, *command, "1")

    assert written.returncode == 0, written.stderr
    assert {each.name: each.read_bytes() for each in into.iterdir()} == {
        "explanation.txt": b"They wore it.",
        "receipt.pdf": PDF,
    }
    assert into.stat().st_mode & 0o777 == 0o700
    assert typed(environment, *command, "1").returncode == 1
    missing = typed(environment, *command[:-2], str(tmp_path / "other"), "--version", "7")
    assert (missing.returncode, "no version 7" in missing.stderr) == (1, True)
