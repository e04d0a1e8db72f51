"""`cli.py dispute`: which disputes there are, how one stands, and what was said against it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from payments.cli.opened import there, with_record
from payments.domain.dispute import Dispute, DisputeStatus
from payments.domain.evidence import MediaType
from payments.domain.money import Money
from payments.ports.disputes import DisputeFilter

if TYPE_CHECKING:
    from payments.bootstrap import Record

app = typer.Typer(no_args_is_help=True, help="Disputes: which there are, and what was said.")
console = Console()
_ENDINGS = {MediaType.PDF: "pdf", MediaType.PNG: "png", MediaType.JPEG: "jpg"}


@app.command("list")
def list_(
    partner: Annotated[str | None, typer.Option(help="Of this partner alone.")] = None,
    status: Annotated[DisputeStatus | None, typer.Option(help="In this status alone.")] = None,
    payment: Annotated[str | None, typer.Option(help="Of this payment alone.")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
) -> None:
    """The newest first."""

    async def work(record: "Record") -> None:
        wanted = DisputeFilter(status, payment, limit=last)
        found = await record.disputes.list(partner, wanted)
        table = Table("dispute", "partner", "status", "amount", "gone twice", "due", "answer")
        for each in found:
            table.add_row(
                each.dispute_id,
                each.partner_id,
                each.status,
                f"{each.amount} {each.amount.currency}",
                _twice(each),
                f"{each.due_at:%Y-%m-%d %H:%M}" if each.due_at else "",
                _answer(each),
            )
        console.print(table if found else "no disputes", markup=False)

    with_record(work)


@app.command()
def show(dispute_id: str) -> None:
    """One dispute, its money, and what was given against it; not the words themselves."""

    async def work(record: "Record") -> None:
        dispute = await _found(record, dispute_id)
        for name, value in (
            ("status", dispute.status),
            ("payment", dispute.payment_id),
            ("partner", dispute.partner_id),
            ("provider", f"{dispute.provider} {dispute.reference}"),
            ("reason", f"{dispute.reason} ({dispute.raw_reason})"),
            ("amount", f"{dispute.amount} {dispute.amount.currency}"),
            ("fee", str(dispute.fee)),
            ("taken now", str(Money(dispute.taken_minor, dispute.amount.currency))),
            ("gone twice", _twice(dispute) or "nothing"),
            ("due", f"{dispute.due_at:%F %T}" if dispute.due_at else "never"),
            ("answer", _answer(dispute) or "none"),
        ):
            console.print(f"{name:<11} {value}", markup=False, highlight=False)
        for version in await record.evidence.versions(dispute_id):
            said = ", ".join([*version.texts, *version.files])
            console.print(f"version {version.version}, {version.created_at:%F %T}: {said}")

    with_record(work)


@app.command()
def evidence(
    dispute_id: str,
    version: Annotated[int, typer.Option(min=1, help="Which version.")],
    into: Annotated[Path, typer.Option(help="A new folder, for you alone.")],
) -> None:
    """Write one version into a folder: its texts and files. They may tell of people."""

    async def work(record: "Record") -> None:
        await _found(record, dispute_id)
        texts, files = await record.evidence.enclosed(dispute_id, version)
        if into.exists():
            raise ValueError(f"{into} is there already")
        into.mkdir(mode=0o700, parents=True)
        for about, words in texts.items():
            (into / f"{about}.txt").write_text(words, encoding="utf-8")
        for file in files:
            (into / f"{file.about}.{_ENDINGS[file.media_type]}").write_bytes(file.content)
        console.print(f"{len(texts)} texts and {len(files)} files are in {into}", markup=False)

    with_record(work)


async def _found(record: "Record", dispute_id: str) -> Dispute:
    return there(await record.disputes.named(dispute_id), f"dispute {dispute_id}")


def _twice(dispute: Dispute) -> str:
    minor = dispute.returned_minor
    return str(Money(minor, dispute.amount.currency)) if minor else ""


def _answer(dispute: Dispute) -> str:
    version = f" {dispute.response_version}" if dispute.response_version else ""
    return f"{dispute.response}{version} {dispute.response_state}" if dispute.response else ""
