"""Prove that a worker works: a workflow without steps, run once before it is called ready."""

from temporalio import workflow


@workflow.defn(name="Probe")
class Probe:
    @workflow.run
    async def run(self) -> str:
        workflow.set_current_details("A worker started and proved that it works.")
        return workflow.info().task_queue
