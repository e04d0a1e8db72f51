"""`cli.py partner`: who may call us, from where, with which key."""

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, Final

import jwt
import typer
from rich.console import Console
from rich.table import Table

from payments.cli.opened import with_record
from payments.domain.bill import Agreement
from payments.domain.card_terms import CardTerms
from payments.domain.case import CasePolicy, CaseReason
from payments.domain.money import Money, digits
from payments.domain.partner import Product, Scope

if TYPE_CHECKING:
    from payments.bootstrap import Record

app = typer.Typer(no_args_is_help=True, help="Partners, their keys, addresses and agreements.")
console = Console()

Products = Annotated[
    list[Product], typer.Option(help="What its tokens are for; the first one unless they say.")
]
Scopes = Annotated[list[Scope], typer.Option(help="What it may do; everything by default.")]
BILLS_ONLY: Final = [Product.BILL_COLLECTION]


@app.command()
def add(
    partner_id: str,
    *,
    name: Annotated[str, typer.Option(help="The partner's name.")],
    network: Annotated[list[str], typer.Option("--range", help="A CIDR it calls from.")],
    biller: Annotated[
        list[str], typer.Option(help="BILLER:FLAT_MINOR:BASIS_POINTS, an agreement.")
    ] = [],  # noqa: B006  # typer makes a new list for each call
    product: Products = BILLS_ONLY,
    requests_per_minute: int = 600,
) -> None:
    """Add a partner with its first key; the secret is shown this once."""

    async def work(record: "Record") -> None:
        administration = record.administration
        fresh = await administration.add_partner(
            partner_id, name, requests_per_minute=requests_per_minute
        )
        if not fresh:
            raise ValueError(f"there is a partner {partner_id} already")
        for each in network:
            await administration.add_range(partner_id, ip_network(each))
        for each in biller:
            await _agree(record, partner_id, each)
        key = await administration.add_key(partner_id, products=product)
        typer.echo(json.dumps({"id": partner_id, "apiKey": key.id, "secret": key.secret}))

    with_record(work)


async def _agree(record: "Record", partner_id: str, text: str) -> None:
    biller_id, flat, basis_points = text.split(":")
    agreement = Agreement(int(flat), int(basis_points))
    await record.administration.set_agreement(partner_id, biller_id, agreement)


@app.command()
def agree(partner_id: str, terms: str) -> None:
    """Set what a partner pays per bill: BILLER:FLAT_MINOR:BASIS_POINTS."""
    with_record(lambda record: _agree(record, partner_id, terms))


@app.command(name="list")
def list_() -> None:
    """Every partner with its keys; never a secret."""

    async def work(record: "Record") -> None:
        table = Table("partner", "standing", "key", "key's standing", "ranges", "per minute")
        for partner in record.partners.everybody():
            ranges = " ".join(str(each) for each in partner.ranges)
            for key in partner.keys:
                table.add_row(
                    partner.id,
                    partner.standing,
                    key.id,
                    key.standing,
                    ranges,
                    str(partner.requests_per_minute),
                )
        console.print(table)

    with_record(work)


@app.command()
def suspend(partner_id: str) -> None:
    """Refuse a partner at once, its tokens included. Payments under way are finished."""
    with_record(lambda record: record.administration.suspend_partner(partner_id))


@app.command()
def resume(partner_id: str) -> None:
    """Let a suspended partner in again."""
    with_record(lambda record: record.administration.resume_partner(partner_id))


@app.command()
def add_key(
    partner_id: str,
    product: Products = BILLS_ONLY,
    scope: Scopes = [],  # noqa: B006  # as above
) -> None:
    """Give a partner another key, perhaps one that may only read."""

    async def work(record: "Record") -> None:
        key = await record.administration.add_key(
            partner_id, products=product, scopes=scope or tuple(Scope)
        )
        typer.echo(json.dumps({"id": partner_id, "apiKey": key.id, "secret": key.secret}))

    with_record(work)


@app.command()
def allow_key(
    key_id: str,
    product: Products = BILLS_ONLY,
    scope: Scopes = [],  # noqa: B006  # as above
) -> None:
    """What a key may do, from its next token on."""
    with_record(
        lambda record: record.administration.allow_key(
            key_id, products=product, scopes=scope or tuple(Scope)
        )
    )


@app.command()
def cards(
    partner_id: str,
    *,
    currency: Annotated[list[str], typer.Option(help="A currency it takes.")],
    fee: Annotated[str, typer.Option(help="FLAT_MINOR:BASIS_POINTS, for each capture.")],
    return_host: Annotated[list[str], typer.Option(help="Where customers may come back to.")] = [],  # noqa: B006  # as above
    hold_above: Annotated[
        list[str], typer.Option(help="CURRENCY:AMOUNT, above which a person looks.")
    ] = [],  # noqa: B006  # as above
    block_above: Annotated[
        list[str], typer.Option(help="CURRENCY:AMOUNT, above which nothing is sent.")
    ] = [],  # noqa: B006  # as above
    case: Annotated[
        list[str],
        typer.Option(help="REASON:POLICY, late, double or amount: refund, accept or operator."),
    ] = [],  # noqa: B006  # as above
) -> None:
    """Set what a partner may do with cards and what it pays for that, from its next payment on.

    --case says what becomes of money that comes for a code and pays for nothing; what it does not
    name waits for an operator.
    """

    async def work(record: "Record") -> None:
        flat, basis_points = fee.split(":")
        for each in currency:
            digits(each)
        terms = CardTerms(
            currencies=frozenset(currency),
            return_hosts=frozenset(return_host),
            fee_flat_minor=int(flat),
            fee_basis_points=int(basis_points),
            hold_above=dict(map(_limit, hold_above)),
            block_above=dict(map(_limit, block_above)),
            case_policies=dict(map(_policy, case)),
        )
        await record.administration.set_card_terms(partner_id, terms)

    with_record(work)


def _policy(text: str) -> tuple[str, str]:
    reason, _, policy = text.partition(":")
    return CaseReason(reason).value, CasePolicy(policy).value


def _limit(text: str) -> tuple[str, int]:
    currency, _, amount = text.partition(":")
    return currency, Money.parse(amount, currency).minor


@app.command()
def rotate_key(
    key_id: str,
    overlap_hours: Annotated[float, typer.Option(help="How long the old one still works.")] = 24,
) -> None:
    """A new key with the same rights; the old one works a while longer."""

    async def work(record: "Record") -> None:
        key = await record.administration.rotate_key(key_id, overlap=timedelta(hours=overlap_hours))
        typer.echo(json.dumps({"apiKey": key.id, "secret": key.secret}))

    with_record(work)


@app.command()
def suspend_key(key_id: str) -> None:
    """Refuse a key and its tokens at once."""
    with_record(lambda record: record.administration.suspend_key(key_id))


@app.command()
def resume_key(key_id: str) -> None:
    """Let a suspended key work again."""
    with_record(lambda record: record.administration.resume_key(key_id))


@app.command()
def revoke_key(key_id: str) -> None:
    """Refuse a key for ever."""
    with_record(lambda record: record.administration.revoke_key(key_id))


@app.command()
def revoke_token(
    token: Annotated[
        str, typer.Option(envvar="QUITTANCE_TOKEN", prompt="Access token", hide_input=True)
    ],
) -> None:
    """Refuse one access token at once. Its key and its other tokens go on working."""
    # Whoever signed it: what is refused is its name.
    try:
        claims = jwt.decode(token.strip(), options={"verify_signature": False})
        token_id, expires_at = str(claims["jti"]), datetime.fromtimestamp(claims["exp"], UTC)
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, OverflowError):
        raise typer.BadParameter("that is no access token") from None
    with_record(lambda record: record.administration.revoke_token(token_id, expires_at))


@app.command()
def add_range(partner_id: str, network: str) -> None:
    """Let a partner call from one more address range."""
    with_record(lambda record: record.administration.add_range(partner_id, ip_network(network)))


@app.command()
def remove_range(partner_id: str, network: str) -> None:
    """Refuse a partner's calls from this range; tokens given there stop working."""
    with_record(lambda record: record.administration.remove_range(partner_id, ip_network(network)))
