"""The end of the proof: wait until nobody works on anything any more, and hold the providers' own
books, the record, the ledger and every answer against each other.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from payments.domain import ids
from tests.card_audit import ACQUIRERS
from tests.card_cases import Case, Effect, cases, sandbox_effects
from tests.card_findings import Finding, Kind, findings
from tests.evidence import Evidence
from tests.patience import until
from tests.proofs.histories import OURS
from tests.proofs.journeys import Notes, Said
from tests.proofs.strange_stripe import PROVIDER

_RUNNING: Final = f"ExecutionStatus = 'Running' AND {OURS}"
_OPEN: Final = """
    SELECT (SELECT count(*) FROM payment WHERE status NOT IN
               ('captured', 'canceled', 'expired', 'failed'))
         + (SELECT count(*) FROM refund WHERE status = 'pending')
         + (SELECT count(*) FROM payout WHERE status IN ('queued', 'on_hold', 'sent'))
         + (SELECT count(*) FROM dispute WHERE closed_at IS NULL)
         + (SELECT count(*) FROM payment_case WHERE status = 'open')
         + (SELECT count(*) FROM inbound_event WHERE state = 'received') AS many"""
_UNBALANCED: Final = """
    SELECT currency, sum(amount_minor) AS minor FROM ledger_entry
    GROUP BY currency HAVING sum(amount_minor) <> 0"""
_ONE_SIDED: Final = """
    SELECT transaction_id, sum(amount_minor) AS minor FROM ledger_entry
    GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0"""
_BALANCES: Final = """
    SELECT account.kind, account.owner, account.currency, sum(entry.amount_minor) AS minor
    FROM ledger_entry entry JOIN ledger_account account ON account.id = entry.account_id
    GROUP BY 1, 2, 3"""
_INBOUND: Final = "SELECT provider, state, count(*) AS many FROM inbound_event GROUP BY 1, 2"
_SENT: Final = "SELECT payment_id, number, provider FROM payment_attempt"
_SET_ASIDE: Final = """
    SELECT event_id, reference, note FROM inbound_event WHERE state IN ('quarantined', 'parked')"""
# The card whose acquirer says no and then yes, and the bank that does. An event with the "no" that
# comes late is rightly left to a person.
_CONTRADICTED: Final = frozenset({"0390", "FICKLE"})
# Which way money went, as the provider owes us.
_SIGNS: Final = {"capture": 1, "surplus": 1, "refund": -1, "dispute": -1, "dispute_returned": 1}
# What must be empty when everything has ended.
_EMPTY: Final = frozenset({"suspense", "authorized", "authorized_memo", "payout_reserved"})


# Has a provider deliver what it has not delivered yet of one attempt.
TellTheRest = Callable[[str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What others than the customers of payments leave behind: what they are owed or owe us by
    their own books, by name and currency in minor units; what of it does not fit; and how many of
    what there are.
    """

    booked: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Aftermath") -> "Aftermath":
        # Counter's own + forgets what is below zero, as what we owe a rail is.
        booked = self.booked.copy()
        booked.update(other.booked)
        return Aftermath(booked, self.findings + other.findings, self.counts + other.counts)


@dataclass
class Reckoning:
    cases: list[Case]
    effects: list[Effect]
    findings: list[Finding] = field(default_factory=list)
    # Provider and currency: captured less refunded, by us and by them.
    sums: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    inbound: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)


async def drain(
    evidence: Evidence, client: Client, tell_the_rest: TellTheRest, within_s: float
) -> list[Finding]:
    """Wait for the end of everything that is open; what stays open is a finding."""
    for row in await evidence.rows(_SENT):
        if row["provider"] in ACQUIRERS:
            await tell_the_rest(row["provider"], f"{row['payment_id']}-{row['number']}")

    async def nobody_works() -> bool:
        if (await evidence.rows(_OPEN))[0]["many"]:
            return False
        return (await client.count_workflows(_RUNNING)).count == 0

    try:
        await until(nobody_works, within_s, "something is still open")
    except AssertionError as error:
        running = [each.id async for each in client.list_workflows(_RUNNING)]
        still = [Finding(Kind.UNKNOWN, each, await waits_for(client, each)) for each in running]
        return [Finding(Kind.UNKNOWN, "drain", str(error)), *still]
    return []


async def waits_for(client: Client, workflow_id: str) -> str:
    """What a workflow that still runs is doing, in the engine's words."""
    told = (await client.get_workflow_handle(workflow_id).describe()).raw_description
    steps = [
        f"{each.activity_id} {each.activity_type.name} try {each.attempt}:"
        f" {each.last_failure.message}"
        for each in told.pending_activities
    ]
    children = [each.workflow_id for each in told.pending_children]
    task = told.pending_workflow_task
    if task.attempt:
        steps.append(f"workflow task try {task.attempt}")
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    last = history.events[-1]
    return (
        f"still runs after {len(history.events)} events, the last of them"
        f" {EventType.Name(last.event_type)} at {last.event_time.ToDatetime():%H:%M:%S}:"
        f" {steps + children}"
    )


async def reckon(
    evidence: Evidence, notes: Notes, more: Iterable[Effect], others: Aftermath
) -> Reckoning:
    """`more` is what providers outside the sandbox have booked."""
    effects = list(more)
    for acquirer in ACQUIRERS:
        effects += await sandbox_effects(evidence, acquirer)
    every = await cases(evidence, effects)
    result = Reckoning(every, effects, list(others.findings), others=others.counts)
    for case in every:
        result.findings += findings(case)
    known = {case.id: case for case in every}
    strangers = {effect.attempt for effect in effects if effect.payment_id not in known}
    result.findings += [Finding(Kind.BOOKS, each, "we know nothing of it") for each in strangers]
    result.findings += [Finding(Kind.EVENTS, "answers", text) for text in notes.unexplained]
    for said in notes.said:
        if said.answer.code == "P0000":
            result.findings += _kept(said, known.get(said.payment_id))
    result.findings += _never_left(notes, known)
    await _ledger(evidence, result, others.booked)
    await _inbox(evidence, result, known)
    return result


def _kept(said: Said, case: Case | None) -> Sequence[Finding]:
    """An answer P0000 is kept for ever: what it said has happened, once."""
    if case is None:
        return [Finding(Kind.LOST, said.payment_id, f"{said.operation} was answered P0000")]
    told, payment = said.answer.data, case.payment
    match said.operation:
        case "capture":
            wanted, kind = ids.capture_key(said.payment_id, said.name), "capture"
            if str(payment["provider"]).startswith(PROVIDER):
                # localstripe captures once, and does not keep our name of it.
                wanted = f"{case.id}-{payment['attempt']}"
        case "refund":
            wanted, kind = told["id"], "refund"
        case "create" | "confirm" if told["status"] == "captured":
            wanted, kind = f"{case.id}-{payment['attempt']}", "capture"
        case _:
            return []
    times = sum(effect.kind == kind and effect.key == wanted for effect in case.effects)
    if times == 1:
        return []
    wrong = Kind.DOUBLED if times else Kind.LOST
    text = f"{said.operation} {said.name} was answered P0000 and has {times} effects"
    return [Finding(wrong, case.id, text)]


def _never_left(notes: Notes, known: dict[str, Case]) -> list[Finding]:
    return [
        Finding(
            Kind.EVENTS, payment_id, f"was {status} and is {known[payment_id].payment['status']}"
        )
        for payment_id, status in notes.ends.items()
        if payment_id in known and known[payment_id].payment["status"] != status
    ]


async def _ledger(evidence: Evidence, result: Reckoning, others: Counter[tuple[str, str]]) -> None:
    for row in [*await evidence.rows(_UNBALANCED), *await evidence.rows(_ONE_SIDED)]:
        result.findings.append(Finding(Kind.LEDGER, "balance", str(row)))
    ours: Counter[tuple[str, str]] = Counter()
    for row in await evidence.rows(_BALANCES):
        if row["kind"] in _EMPTY and row["minor"]:
            result.findings.append(Finding(Kind.LEDGER, "not empty", str(row)))
        if row["kind"] == "provider_receivable":
            ours[row["owner"], row["currency"]] = int(row["minor"])
    theirs = others.copy()
    for effect in result.effects:
        sign = _SIGNS.get(effect.kind, 0)
        theirs[effect.provider, effect.currency] += sign * effect.amount_minor
    for where in sorted({*ours, *theirs}):
        result.sums[where] = (ours[where], theirs[where])
        if ours[where] != theirs[where]:
            text = f"we say {ours[where]}, they {theirs[where]}"
            result.findings.append(Finding(Kind.BOOKS, " ".join(where), text))


async def _inbox(evidence: Evidence, result: Reckoning, known: dict[str, Case]) -> None:
    for row in await evidence.rows(_INBOUND):
        result.inbound[f"{row['provider']} {row['state']}"] = row["many"]
    for row in await evidence.rows(_SET_ASIDE):
        case = known.get((row["reference"] or "").rpartition("-")[0])
        if case is not None and case.method in _CONTRADICTED:
            continue
        text = f"event {row['event_id']} was set aside: {row['note']}"
        result.findings.append(Finding(Kind.EVENTS, row["reference"] or "?", text))
