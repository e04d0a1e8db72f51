"""Which figures are measured against which, and what each of them has to reach."""

from collections.abc import Callable, Mapping
from typing import Final

from bench.arms import ENGINE_CALLERS, Arms
from bench.card_arms import CardArms
from bench.contest import Contest, Goal

# A fifth of the 95th percentiles the seeds promise, at 5 requests a second, in milliseconds.
MIX_P95_MS: Final[Mapping[str, float]] = {
    "token": 95 / 5,
    "lookup": 210 / 5,
    "lock": 340 / 5,
    "pay": 620 / 5,
    "status": 140 / 5,
}
MIX_RATE: Final = 5.0


def throughput(arms: Arms) -> Contest:
    return Contest(
        "throughput",
        [arms.lock_and_pay(), arms.engine("b1", ENGINE_CALLERS)],
        [Goal("lock+pay / B1", "lock_pay", "b1", at_least=0.5)],
    )


def latency(arms: Arms) -> Contest:
    return Contest(
        "latency",
        [arms.one_payer(), arms.engine("b1ua", 1)],
        [
            Goal("lock − biller / B1ua", "lock_own_p50_ms", "b1ua_p50_ms", at_most=1.3, unit="ms"),
            Goal("pay − biller / B1ua", "pay_own_p50_ms", "b1ua_p50_ms", at_most=1.3, unit="ms"),
        ],
    )


def status(arms: Arms) -> Contest:
    return Contest(
        "status",
        [arms.status(), arms.bare_read(), arms.replay()],
        [
            Goal("status / B3s", "status", "b3s", at_least=0.55),
            Goal("replay / status", "replay", "status", at_least=0.8),
        ],
    )


def token(arms: Arms) -> Contest:
    return Contest(
        "token",
        [arms.token(), arms.bare_post()],
        [Goal("token / B3", "token", "b3_post", at_least=0.35)],
    )


def ledger(arms: Arms) -> Contest:
    return Contest(
        "ledger",
        [arms.ledger(), arms.raw_insert("b4"), arms.raw_insert("b4t")],
        [
            Goal("postings / B4", "ledger", "b4", at_least=0.6),
            Goal("postings / B4 in BEGIN … COMMIT", "ledger", "b4t"),
        ],
    )


def cards(arms: Arms) -> Contest:
    return Contest(
        "cards",
        [CardArms(arms).payments(), arms.engine("b1", ENGINE_CALLERS)],
        [Goal("card / B1", "card", "b1", at_least=0.5)],
    )


def card_latency(arms: Arms) -> Contest:
    name = "card − provider / B1ua"
    return Contest(
        "card-latency",
        [CardArms(arms).one_payer(), arms.engine("b1ua", 1)],
        [Goal(name, "card_own_p50_ms", "b1ua_p50_ms", at_most=1.4, unit="ms")],
    )


def routing(arms: Arms) -> Contest:
    mean, p99 = "risk and route, CPU", "risk and route, CPU, 99th percentile"
    return Contest(
        "routing",
        [CardArms(arms).decisions()],
        [
            Goal(mean, "decision_ms", at_most=2, unit="ms", is_cpu=True),
            Goal(p99, "decision_p99_ms", unit="ms", is_cpu=True),
        ],
    )


def webhook(arms: Arms) -> Contest:
    cards = CardArms(arms)
    return Contest(
        "webhook",
        [cards.webhooks(), cards.bare_webhooks()],
        [Goal("webhook / B3w", "webhook", "b3w", at_least=0.35)],
    )


def denominators_engine(arms: Arms) -> Contest:
    rounds = [arms.engine(name, ENGINE_CALLERS) for name in ("b0", "b1")]
    return Contest("engine-busy", rounds, [Goal("B1 / B0", "b1", "b0")])


def denominators_update(arms: Arms) -> Contest:
    rounds = [arms.engine(name, 1) for name in ("b1u", "b1ua")]
    return Contest(
        "engine-alone", rounds, [Goal("B1ua / B1u", "b1ua_p50_ms", "b1u_p50_ms", unit="ms")]
    )


def denominators_http(arms: Arms) -> Contest:
    return Contest(
        "http",
        [arms.bare_post(), arms.bare_get(), arms.bare_read()],
        [Goal("B3 POST / B3 GET", "b3_post", "b3_get"), Goal("B3s / B3 GET", "b3s", "b3_get")],
    )


def denominators_insert(arms: Arms) -> Contest:
    return Contest(
        "insert",
        [arms.raw_insert("b4"), arms.raw_insert("b4t")],
        [Goal("B4 in BEGIN … COMMIT / B4", "b4t", "b4")],
    )


CONTESTS: Final[Mapping[str, Callable[[Arms], Contest]]] = {
    "throughput": throughput,
    "latency": latency,
    "status": status,
    "token": token,
    "ledger": ledger,
    "cards": cards,
    "card-latency": card_latency,
    "routing": routing,
    "webhook": webhook,
}
DENOMINATORS: Final[Mapping[str, Callable[[Arms], Contest]]] = {
    "engine-busy": denominators_engine,
    "engine-alone": denominators_update,
    "http": denominators_http,
    "insert": denominators_insert,
}
