"""Tell all stories again and keep their histories: `python -m tests.replay.record [story …]`.

Run it for a new story, and for a story changed on purpose; the old history stays in its folder
until no workflow that began with the old code can be open any more.
"""

import asyncio
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from temporalio.client import WorkflowFailureError, WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from tests.replay.bank_stories import BANK_STORIES
from tests.replay.batch_payout_stories import BATCH_PAYOUT_STORIES, batch_at_rest
from tests.replay.batch_stories import BATCH_STORIES
from tests.replay.card_stories import CARD_STORIES
from tests.replay.challenge_stories import CHALLENGE_STORIES
from tests.replay.code_stories import CODE_STORIES
from tests.replay.dispute_stories import DISPUTE_STORIES
from tests.replay.fingerprint import fingerprint
from tests.replay.payout_stories import PAYOUT_STORIES
from tests.replay.refund_stories import REFUND_STORIES
from tests.replay.stories import STORIES as BILL_STORIES
from tests.workflows.engine import engine
from tests.workflows.payout_desk import PayoutDesk

HERE: Final = Path(__file__).parent
FINGERPRINTS: Final = HERE / "fingerprints.json"
# The SDK is part of the name: what one version wrote, every later one must be able to replay.
HISTORIES: Final = HERE / "histories" / f"temporalio-{version('temporalio')}"
AT_ONCE: Final = 6
STORIES: Final = {
    **BILL_STORIES,
    **CARD_STORIES,
    **CHALLENGE_STORIES,
    **BANK_STORIES,
    **PAYOUT_STORIES,
    **CODE_STORIES,
    **REFUND_STORIES,
    **DISPUTE_STORIES,
    **BATCH_STORIES,
    **BATCH_PAYOUT_STORIES,
}
# Replayed, and not told again: how often they rest is for the machine to say.
RESTING_STORIES: Final = {"batch_at_rest": batch_at_rest}


async def tell(
    environment: WorkflowEnvironment, names: Iterable[str]
) -> Mapping[str, WorkflowHistory]:
    """The histories of these stories, each with its own worker and fakes."""
    room = asyncio.Semaphore(AT_ONCE)

    async def told(name: str) -> WorkflowHistory:
        desk = PayoutDesk(environment)
        async with room, desk.worker():
            handle = await {**STORIES, **RESTING_STORIES}[name](desk)
            # What was never begun ends as failed, so that its reference stays free.
            with suppress(WorkflowFailureError):
                await handle.result()
            return await handle.fetch_history()

    names = list(names)
    histories = await asyncio.gather(*map(told, names))
    return dict(zip(names, histories, strict=True))


def fingerprints() -> dict[str, Sequence[str]]:
    return dict(json.loads(FINGERPRINTS.read_text())) if FINGERPRINTS.exists() else {}


def _without_places(value: Any) -> Any:
    """A stack trace names the paths of the machine it came from; no replay looks at one."""
    if isinstance(value, dict):
        return {
            name: "" if name == "stackTrace" else _without_places(each)
            for name, each in value.items()
        }
    return [_without_places(each) for each in value] if isinstance(value, list) else value


async def record(names: Iterable[str]) -> None:
    async with engine() as environment:
        histories = await tell(environment, names)
    HISTORIES.mkdir(parents=True, exist_ok=True)
    for name, history in histories.items():
        content = json.dumps(_without_places(json.loads(history.to_json())), indent=1)
        (HISTORIES / f"{name}.json").write_text(content + "\n", encoding="utf-8")
    told = {name: each for name, each in histories.items() if name in STORIES}
    kept = fingerprints() | {name: fingerprint(each) for name, each in told.items()}
    content = json.dumps({name: kept[name] for name in sorted(kept)}, indent=1)
    FINGERPRINTS.write_text(content + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:] or [*STORIES, *RESTING_STORIES]))
