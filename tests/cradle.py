"""Where processes of the tests are born: with everything imported, which is most of a start."""

import multiprocessing
from typing import Final

CRADLE: Final = multiprocessing.get_context("forkserver")
# It is one for all, so what any of them needs is named here. Not payments.cli: it looks at the
# environment when it is imported.
CRADLE.set_forkserver_preload(
    [
        "tests.command_line",
        "tests.workflows.worker_process",
        "tests.workflows.card_worker_process",
        "tests.workflows.payout_worker_process",
        "tests.workflows.asked_worker_process",
        "payments.bootstrap",
        "tests.newborn",
    ]
)
