"""`cli.py case`: money that came for a code and pays for nothing, and an operator's word on it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from payments.cli.opened import there, with_record
from payments.domain.case import Case, CasePolicy, CaseStatus, Resolution
from payments.ports.cases import CaseFilter

if TYPE_CHECKING:
    from payments.bootstrap import Record

app = typer.Typer(no_args_is_help=True, help="Money that came for a code and pays for nothing.")


@app.command(name="list")
def list_(
    *,
    partner: Annotated[str | None, typer.Option(help="Of one partner only.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    last: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
) -> None:
    """Open cases, the newest first."""
    wanted = CaseFilter(status=None if everything else CaseStatus.OPEN, limit=last)

    async def work(record: "Record") -> None:
        found = await record.cases.list(partner, wanted)
        Console().print(_table(found) if found else "no cases", markup=False)

    with_record(work)


@app.command()
def resolve(
    case_id: str,
    policy: Annotated[CasePolicy, typer.Argument(help="refund, or accept for the partner.")],
    by: Annotated[str, typer.Option(help="Whose word it is.")],
) -> None:
    """Say what becomes of the money of an open case. It is said once."""

    async def work(record: "Record") -> None:
        from payments.cli import doors

        case = there(await record.cases.named(case_id), f"case {case_id}")
        typer.echo((await doors.resolved(case, Resolution(policy, by))).status)

    with_record(work)


def _table(cases: Sequence[Case]) -> Table:
    table = Table(
        *("opened", "case", "partner", "payment", "reason", "amount", "policy", "status", "by"),
        title="Cases",
        title_justify="left",
    )
    for each in cases:
        table.add_row(
            each.opened_at.isoformat(timespec="seconds"),
            *(each.case_id, each.partner_id, each.payment_id, each.reason),
            f"{each.amount} {each.amount.currency}",
            *(each.policy, each.status, each.resolved_by or ""),
        )
    return table
