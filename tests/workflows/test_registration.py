"""Whatever the two folders define, the worker runs; what it runs keeps its registered name."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import activities as activity_folder
import workflows as workflow_folder
from payments.ports.steps import Bills, Webhooks
from tests.fakes.batches import FakeBatches
from tests.fakes.billers import FakeBillers
from tests.fakes.transactions import FakeTransactions
from tests.payout_fakes import no_payouts
from tests.vault_fakes import nobody_looks
from tests.workflows.engine import no_cards, no_disputes
from workflows.registered import WEBHOOK_WORKFLOWS, WORKFLOWS, activities, webhook_activities

BILLS, CARDS = Bills(FakeBillers({}), FakeTransactions(), FakeBatches()), no_cards()
DISPUTES = no_disputes()
WEBHOOKS: Any = Webhooks(*[None] * 4)  # type: ignore[arg-type]  # nothing of it is called
RUNNING = (
    *activities(BILLS, CARDS, no_payouts(), DISPUTES),
    *webhook_activities(WEBHOOKS, nobody_looks),
)
ALL_WORKFLOWS = (*WORKFLOWS, *WEBHOOK_WORKFLOWS)


def defined_in(folder: ModuleType) -> Iterator[tuple[str, Any]]:
    """Every class of the folder's own modules, by name."""
    for found in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, type) and value.__module__ == module.__name__:
                yield name, value


def workflow_name(value: Any) -> str | None:
    definition = getattr(value, "__temporal_workflow_definition", None)
    return definition.name if definition else None


def activity_name(value: Any) -> str | None:
    definition = getattr(value, "__temporal_activity_definition", None)
    return definition.name if definition else None


def test_the_worker_runs_every_workflow() -> None:
    defined = {workflow_name(value) for _, value in defined_in(workflow_folder)} - {None}

    assert {workflow_name(each) for each in ALL_WORKFLOWS} == defined


def test_the_worker_runs_every_activity() -> None:
    defined = {
        activity_name(method)
        for _, value in defined_in(activity_folder)
        for method in vars(value).values()
    } - {None}

    assert {activity_name(each) for each in RUNNING} == defined


def test_registered_names_never_change() -> None:
    """They stand in histories. A new name is a new line here, and never a changed one."""
    assert {workflow_name(each) for each in ALL_WORKFLOWS} == {
        "Batch",
        "BillLock",
        "BankPayment",
        "CardPayment",
        "Case",
        "Challenge",
        "CodePayment",
        "Dispute",
        "EventRelay",
        "InboundWatch",
        "LostWatch",
        "Payout",
        "PayoutReturn",
        "Probe",
        "Refund",
        "Reversal",
    }
    assert {activity_name(each) for each in RUNNING} == {
        "billers.hold",
        "billers.release",
        "billers.pay",
        "billers.confirm",
        "transactions.begin",
        "transactions.suspend",
        "transactions.settle",
        "transactions.close_lock",
        "batches.advance",
        "batches.move",
        "batches.pay",
        "batches.refuse",
        "providers.authorize",
        "providers.capture",
        "providers.refund",
        "providers.void",
        "providers.ask",
        "providers.look",
        "payments.begin",
        "payments.onward",
        "payments.move",
        "payments.suspend",
        "payments.unwanted",
        "payments.late",
        "payments.reversed",
        "refunds.reserve",
        "refunds.suspend",
        "refunds.settle",
        "rails.send",
        "rails.ask",
        "rails.look",
        "payouts.begin",
        "payouts.conclude",
        "payouts.suspend",
        "payouts.move",
        "payouts.review",
        "disputes.look",
        "disputes.send",
        "disputes.sent",
        "disputes.see",
        "disputes.remind",
        "disputes.respond",
        "disputes.responded",
        "cases.open",
        "cases.close",
        "webhooks.deliver",
        "webhooks.relay",
        "inbound.watch",
        "lost.watch",
    }
