"""`cli.py routing` and `cli.py switch`: where payments go, and what is kept from them.

Rules are a TOML file; each saving is a version, and a version acts once it is activated:

    fallback = [{ provider = "NORTH", weight = 70 }, { provider = "SOUTH", weight = 30 }]

    [[rule]]
    name = "large taka"
    when = "currency == 'BDT' && amount > 10000000"
    targets = [{ provider = "SOUTH", weight = 100 }]
"""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from payments.cli.opened import there, with_rule_book
from payments.domain.routing import Decision, Rule, RuleSet, Switch, Target

if TYPE_CHECKING:
    from payments.bootstrap import RuleDesk

app = typer.Typer(no_args_is_help=True, help="Routing rules: save, try, activate, explain.")
switches = typer.Typer(no_args_is_help=True, help="Kill switches: act within a second, audited.")
console = Console()

By = Annotated[str, typer.Option(help="Who does it; kept for ever.")]
Named = Annotated[str | None, typer.Option(help="Left out, it means every one.")]


@app.command()
def save(file: Path, by: By) -> None:
    """Check the rules of a file and keep them as the next version; not active yet."""
    told = tomllib.loads(file.read_text(encoding="utf-8"))

    async def work(desk: "RuleDesk") -> None:
        rules = [_rule(each) for each in told.get("rule", [])]
        saved = await desk.book.save(rules, _targets(told.get("fallback", [])), by)
        console.print(f"saved as version {saved.version}")

    with_rule_book(work)


@app.command()
def activate(version: int, by: By) -> None:
    """New payments are routed by this version from now on; going back is the same command."""

    async def work(desk: "RuleDesk") -> None:
        await desk.book.activate(version, by)
        console.print(f"version {version} is active")

    with_rule_book(work)


@app.command()
def show() -> None:
    """The active rules and every version."""

    async def work(desk: "RuleDesk") -> None:
        active = await desk.book.active()
        for each in await desk.book.versions():
            _print(each, active=active is not None and each.version == active.version)

    with_rule_book(work)


@app.command(name="dry-run")
def dry_run(version: int, last: Annotated[int, typer.Option(min=1, max=10_000)] = 1000) -> None:
    """Route the last payments again by a version and say which would go elsewhere."""

    async def work(desk: "RuleDesk") -> None:
        changed = await desk.book.dry_run(version, last)
        table = Table("payment", "before", "after")
        for each in changed:
            table.add_row(each.payment_id, _ways(each.before), _ways(each.after))
        console.print(table)
        console.print(f"{len(changed)} of the last {last} payments would go elsewhere")

    with_rule_book(work)


@app.command()
def explain(payment_id: str) -> None:
    """Why a payment went where it went."""

    async def work(desk: "RuleDesk") -> None:
        _explain(there(await desk.payments.decision(payment_id), f"payment {payment_id}"))

    with_rule_book(work)


@switches.command()
def on(
    by: By,
    why: Annotated[str, typer.Option(help="The reason; kept for ever.")],
    provider: Named = None,
    method: Named = None,
    country: Named = None,
) -> None:
    """Keep new payments from a provider, a method, a card's country, or a combination."""
    _flip(Switch(True, by, why, datetime.now(UTC), provider, method, country))


@switches.command()
def off(
    by: By,
    why: Annotated[str, typer.Option(help="The reason; kept for ever.")],
    provider: Named = None,
    method: Named = None,
    country: Named = None,
) -> None:
    """Let them through again. Name exactly what was switched."""
    _flip(Switch(False, by, why, datetime.now(UTC), provider, method, country))


@switches.command(name="list")
def list_() -> None:
    """Every switch that was ever flipped, as it stands."""

    async def work(desk: "RuleDesk") -> None:
        table = Table("is", "provider", "method", "country", "by", "why", "since")
        for each in await desk.book.switches():
            named = (each.provider or "every", each.method or "every", each.country or "every")
            since = each.at.isoformat(timespec="seconds")
            table.add_row("ON" if each.on else "off", *named, each.by, each.why, since)
        console.print(table)

    with_rule_book(work)


def _flip(flip: Switch) -> None:
    async def work(desk: "RuleDesk") -> None:
        await desk.book.flip(flip)
        console.print("switched on" if flip.on else "switched off")

    with_rule_book(work)


def _rule(told: dict[str, Any]) -> Rule:
    unknown = told.keys() - {"name", "when", "targets"}
    if unknown or not isinstance(told.get("name"), str) or not isinstance(told.get("when"), str):
        raise ValueError(f"a rule has name, when and targets: {told}")
    return Rule(told["name"], told["when"], _targets(told.get("targets", [])))


def _targets(told: list[dict[str, Any]]) -> tuple[Target, ...]:
    for each in told:
        if each.keys() - {"provider", "weight"} or not isinstance(each.get("weight", 0), int):
            raise ValueError(f"a target has provider and weight: {each}")
    return tuple(Target(each["provider"], each.get("weight", 100)) for each in told)


def _print(rules: RuleSet, *, active: bool) -> None:
    console.print(
        f"version {rules.version}{' (active)' if active else ''} by {rules.author}, "
        f"{rules.created_at.isoformat(timespec='seconds')}"
    )
    table = Table("rule", "when", "providers")
    for rule in rules.rules:
        table.add_row(rule.name, rule.when, _weighed(rule.targets))
    table.add_row("fallback", "", _weighed(rules.fallback))
    console.print(table)


def _explain(decision: Decision) -> None:
    console.print(f"rule {decision.rule!r} of version {decision.version}", markup=False)
    console.print(f"tried in this order: {_ways(decision.providers)}")
    for each in decision.rejected:
        console.print(f"not {each.provider}: {each.reason}", markup=False)
    if decision.facts is not None:
        console.print(f"seen: {decision.facts}", markup=False)


def _ways(providers: tuple[str, ...]) -> str:
    return " → ".join(providers) or "nowhere"


def _weighed(targets: tuple[Target, ...]) -> str:
    return ", ".join(f"{target.provider} {target.weight}" for target in targets)
