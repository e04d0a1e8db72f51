"""The SDK's guard around workflow code, which tries each workflow's class once and not once more
for every worker: a dozen classes take it longer than most tests take in all.
"""

from typing import Final

from temporalio import workflow
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from payments.temporal import SANDBOX

_TRIED: Final = set[type]()


class TriesOnce(SandboxedWorkflowRunner):
    def prepare_workflow(self, defn: workflow._Definition) -> None:
        if defn.cls not in _TRIED:
            super().prepare_workflow(defn)
            _TRIED.add(defn.cls)


GUARDED: Final = TriesOnce(restrictions=SANDBOX.restrictions)
