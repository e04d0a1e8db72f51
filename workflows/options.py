"""Named call policies: a workflow says which kind of call it makes and why, never the numbers.

Each takes the words an operator reads beside the step in the Temporal UI.
"""

from datetime import timedelta
from typing import Final

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityConfig, LocalActivityConfig

from activities.failures import OUTCOME_UNKNOWN

# A call to the biller that moves no money, inside the workflow task: two or three quick tries, so
# that a partner who waits for a lock is told within four seconds.
_HOLD: Final[LocalActivityConfig] = {
    "start_to_close_timeout": timedelta(seconds=3.5),
    "schedule_to_close_timeout": timedelta(seconds=4),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=100),
        backoff_coefficient=2.0,
        maximum_attempts=3,
    ),
}

# Giving a hold back after nobody answered: once more and visibly; then the biller's own expiry.
_RELEASE_LATER: Final[ActivityConfig] = {
    "start_to_close_timeout": timedelta(seconds=3.5),
    "schedule_to_close_timeout": timedelta(seconds=8),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=2),
}

# Our own database, inside the workflow task. Longer than this is an outage, and the write goes on
# as record_until_written(). The attempts bound what fails at once (the SDK does not count fast
# failures against schedule_to_close), the time-out what hangs; both end before the task's eight
# seconds are over.
_RECORD: Final[LocalActivityConfig] = {
    "start_to_close_timeout": timedelta(seconds=6),
    "schedule_to_close_timeout": timedelta(seconds=7),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=100), backoff_coefficient=2.0, maximum_attempts=5
    ),
}

# The same write during an outage: a regular activity, which costs no history per attempt and shows
# operators what it is waiting for.
_RECORD_UNTIL_WRITTEN: Final[ActivityConfig] = {
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(seconds=30),
    ),
}

# A killed worker is noticed after this long; the worker heartbeats every second for the activity.
HEARTBEAT: Final = timedelta(seconds=5)
# Longer than any biller time-out we allow: the adapter's own comes first and ends in a value.
PROVIDER_TIMEOUT: Final = timedelta(seconds=30)

# After these an attempt may have been sent. The server itself tries again after its own time-outs
# unless they are named here (measured: tests/workflows).
_PERHAPS_SENT: Final = (
    OUTCOME_UNKNOWN,
    "TemporalTimeout:StartToClose",
    "TemporalTimeout:Heartbeat",
)

# Somebody else's money. Tried again only when an attempt surely was not sent.
_PROVIDER: Final[ActivityConfig] = {
    "start_to_close_timeout": PROVIDER_TIMEOUT,
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=1.5,
        maximum_interval=timedelta(seconds=30),
        non_retryable_error_types=_PERHAPS_SENT,
    ),
}

# Somebody else's money, with files that take their time: each is as long a call as the whole one.
_WITH_FILES: Final[ActivityConfig] = {
    **_PROVIDER,
    "start_to_close_timeout": timedelta(minutes=5),
}

# The same while a customer waits and another provider may be asked: a few quick tries.
_AUTHORIZE: Final[ActivityConfig] = {
    "start_to_close_timeout": PROVIDER_TIMEOUT,
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        backoff_coefficient=2.0,
        maximum_attempts=3,
        non_retryable_error_types=_PERHAPS_SENT,
    ),
}

# One question, because somebody says that there is an answer now.
_LOOK: Final[ActivityConfig] = {
    "start_to_close_timeout": PROVIDER_TIMEOUT,
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=2),
}

# Asking what became of a payment harms nobody, nor does voiding twice, so it goes on until somebody
# knows.
_UNTIL_KNOWN: Final[ActivityConfig] = {
    "start_to_close_timeout": PROVIDER_TIMEOUT,
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=2),
        backoff_coefficient=1.2,
        maximum_interval=timedelta(minutes=1),
    ),
}

# It ends by itself after an hour. When it dies, the next worker goes on within seconds.
_RELAY: Final[ActivityConfig] = {
    "start_to_close_timeout": timedelta(hours=1, minutes=5),
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=500),
        backoff_coefficient=1.5,
        maximum_interval=timedelta(seconds=5),
    ),
}


# A row's payment inside its workflow task. It looks into the record before it sends, so that any
# try after the first only asks; what follows a failure is a regular activity, as above.
_PAY_ROW: Final[LocalActivityConfig] = {
    "start_to_close_timeout": PROVIDER_TIMEOUT,
    "retry_policy": RetryPolicy(maximum_attempts=1),
}
_PAY_ROW_UNTIL_BEGUN: Final[ActivityConfig] = {
    **_RECORD_UNTIL_WRITTEN,
    "start_to_close_timeout": PROVIDER_TIMEOUT,
    "heartbeat_timeout": HEARTBEAT,
}

# It ends by itself after a minute. When it dies, the next worker goes on within seconds; while the
# record or the engine is away, it is tried again for as long as that takes.
_ADVANCE: Final[ActivityConfig] = {
    "start_to_close_timeout": timedelta(minutes=3),
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=500),
        backoff_coefficient=1.5,
        maximum_interval=timedelta(seconds=5),
    ),
}


def hold(summary: str) -> LocalActivityConfig:
    return {**_HOLD, "summary": summary}


def release_later(summary: str) -> ActivityConfig:
    return {**_RELEASE_LATER, "summary": summary}


def record(summary: str) -> LocalActivityConfig:
    return {**_RECORD, "summary": summary}


def record_until_written(summary: str) -> ActivityConfig:
    return {**_RECORD_UNTIL_WRITTEN, "summary": summary}


def provider(summary: str, name: str | None = None) -> ActivityConfig:
    """`name` is the call's own at the provider; operators find it as the activity's id."""
    return {**_PROVIDER, "summary": summary, "activity_id": name}


def with_files(summary: str, name: str) -> ActivityConfig:
    return {**_WITH_FILES, "summary": summary, "activity_id": name}


def authorize(summary: str, name: str) -> ActivityConfig:
    return {**_AUTHORIZE, "summary": summary, "activity_id": name}


def send(summary: str, name: str) -> ActivityConfig:
    """A transfer: a few quick tries while it surely does not leave; then its workflow waits."""
    return {**_AUTHORIZE, "summary": summary, "activity_id": name}


def look(summary: str) -> ActivityConfig:
    return {**_LOOK, "summary": summary}


def until_known(summary: str) -> ActivityConfig:
    return {**_UNTIL_KNOWN, "summary": summary}


def pay_row(summary: str) -> LocalActivityConfig:
    return {**_PAY_ROW, "summary": summary}


def pay_row_until_begun(summary: str) -> ActivityConfig:
    return {**_PAY_ROW_UNTIL_BEGUN, "summary": summary}


def advance(summary: str) -> ActivityConfig:
    return {**_ADVANCE, "summary": summary}


def relay(summary: str) -> ActivityConfig:
    return {**_RELAY, "summary": summary}
