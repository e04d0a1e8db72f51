"""`cli.py payout`: what is held until people have looked, and their word on it."""

from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from payments.cli.opened import there, with_record
from payments.domain.money import Money
from payments.domain.payout import Leg, Payout, PayoutReview
from payments.domain.payout_legs import Way
from payments.domain.payout_terms import PayoutTerms

if TYPE_CHECKING:
    from payments.bootstrap import Record

app = typer.Typer(no_args_is_help=True, help="Payouts: what is held, who decides, what became.")
console = Console()
Limits = Annotated[list[str], typer.Option(help="CURRENCY:AMOUNT")]
_WAYS: Final = {
    Way.REFUND: "back by a refund",
    Way.SAME_CARD: "to the very card that paid",
    Way.ELSEWHERE: "to another place, because no refund takes it",
}


@app.command()
def held() -> None:
    """Payouts that two different operators have to approve, the oldest first."""

    async def work(record: "Record") -> None:
        table = Table("payout", "partner", "amount", "why", "to", "since", "approved by")
        for each in await record.payouts.held():
            words = await record.payouts.words(each.payout_id)
            table.add_row(
                each.payout_id,
                each.partner_id,
                f"{each.amount} {each.amount.currency}",
                each.held_for,
                each.destination_id or each.customer_id,
                f"{each.created_at:%Y-%m-%d %H:%M}",
                " ".join(word.by for word in words if word.approved),
            )
        console.print(table)

    with_record(work)


@app.command()
def show(payout_id: str) -> None:
    """One payout: where it stands, its legs and where of it came from, and who said what."""

    async def work(record: "Record") -> None:
        found = there(await record.payouts.named(payout_id), f"payout {payout_id}")
        console.print(_told(found))
        for leg in (await record.payouts.legs([found])).get(payout_id, ()):
            console.print(_told_leg(found, leg))
        for source in await record.payouts.sources(payout_id):
            amount = Money(source.amount_minor, found.amount.currency)
            console.print(f"{amount} came from {source.payment_id}: {_WAYS[source.way]}")
        for word in await record.payouts.words(payout_id):
            console.print(f"{'yes' if word.approved else 'no'} from {word.by}, {word.at:%F %T}")

    with_record(work)


@app.command()
def conclude(payout_id: str) -> None:
    """Write how a payout stands by its legs, when its own workflow was ended before they were."""

    async def work(record: "Record") -> None:
        order = there(await record.payouts.order(payout_id), f"payout {payout_id}")
        console.print(_told(await record.payouts.conclude(order)))

    with_record(work)


@app.command()
def review(
    payout_id: str,
    *,
    approve: Annotated[
        bool, typer.Option("--approve/--reject", help="Two approve, or one rejects.")
    ],
    token: Annotated[
        str,
        typer.Option(
            envvar="QUITTANCE_REVIEWER_TOKEN",
            prompt="Your token",
            hide_input=True,
            help="Of `cli.py reviewer`: whose word it is.",
        ),
    ],
) -> None:
    """Say a word on a held payout, and tell where it stands then."""
    from payments.cli import doors

    async def work(record: "Record") -> None:
        by = await record.reviewers.named_by(token.strip())
        if by is None:
            raise LookupError("no reviewer has this token")
        typer.echo(await doors.reviewed_payout(payout_id, PayoutReview(approve, by)))

    with_record(work)


@app.command()
def terms(
    partner_id: str,
    *,
    currency: Annotated[list[str], typer.Option(help="In which it may pay out.")],
    fee: Annotated[
        str, typer.Option(help="FLAT_MINOR:BASIS_POINTS of each payout, on top of it.")
    ] = "0:0",
    hold_above: Limits = [],  # noqa: B006  # typer makes a new list for each call
    block_above: Limits = [],  # noqa: B006  # as above
    daily_count: Annotated[int | None, typer.Option(help="Payouts in 24 hours.")] = None,
    daily_sum: Limits = [],  # noqa: B006  # as above
    destination_count: Annotated[
        int | None, typer.Option(help="Payouts to one destination in 24 hours.")
    ] = None,
    destination_sum: Limits = [],  # noqa: B006  # as above
) -> None:
    """Set what a partner may pay out, from its next payout on. Limits are CURRENCY:AMOUNT."""
    flat, basis_points = fee.split(":")
    made = PayoutTerms(
        currencies=frozenset(currency),
        fee_flat_minor=int(flat),
        fee_basis_points=int(basis_points),
        hold_above=dict(map(_limit, hold_above)),
        block_above=dict(map(_limit, block_above)),
        daily_count=daily_count,
        daily_sum=dict(map(_limit, daily_sum)),
        destination_count=destination_count,
        destination_sum=dict(map(_limit, destination_sum)),
    )
    with_record(lambda record: record.administration.set_payout_terms(partner_id, made))


def _limit(text: str) -> tuple[str, int]:
    currency, _, amount = text.partition(":")
    return currency, Money.parse(amount, currency).minor


def _told_leg(payout: Payout, leg: Leg) -> str:
    to = f"back to {leg.payment_id}" if leg.payment_id else f"to {payout.destination_id}"
    code = f" {leg.code} {leg.code.meaning.reason}" if leg.code else ""
    return f"leg {leg.number}: {leg.amount} {leg.amount.currency} {to}, {leg.status}{code}"


def _told(payout: Payout) -> str:
    amount = f"{payout.amount} {payout.amount.currency}"
    code = f" {payout.code} {payout.code.meaning.reason}" if payout.code else ""
    unknown = ", outcome unknown" if payout.suspended and payout.status == "queued" else ""
    to = f"over {payout.rail} to {payout.destination_id}"
    if payout.destination_id is None:
        to = f"back to {payout.customer_id}"
    return (
        f"{payout.payout_id} of {payout.partner_id}: {amount} {to}, {payout.status}{code}{unknown}"
    )
