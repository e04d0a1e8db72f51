"""Which programs make up the development stack, with which arguments, settings and probes."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from payments.search_attributes import SEARCH_ATTRIBUTES
from payments.stack import probes, temporal
from payments.stack.home import REPOSITORY, Home
from payments.stack.leftovers import RUN_ID_VARIABLE
from payments.stack.ports import LOCALHOST, Ports
from payments.stack.postgres import EmbeddedPostgres
from payments.stack.process import Command
from payments.stack.supervisor import Part
from payments.stack.temporal import TemporalDevServer

# What a shell may say about other databases and clusters is not meant for this stack, and what
# belongs to one process must not reach all of them.
_NOT_INHERITED = (
    *("PG", "TEMPORAL_"),
    *("QUITTANCE_MIGRATION_DATABASE_URL", "QUITTANCE_READY_FILE", "QUITTANCE_METRICS_PORT"),
)

# It gives way to all others, which wait for nobody's file.
BATCH_WORKER: Final = "worker-batches"


class Plan:
    """Builds every part of one stack. `together`: any worker does batches, too."""

    def __init__(
        self,
        home: Home,
        ports: Ports,
        secrets: Mapping[str, str],
        run_id: str,
        *,
        workers: int = 1,
        together: bool = False,
        root: Path = REPOSITORY,
    ) -> None:
        self.home = home
        self.ports = ports
        apart = ("QUITTANCE_POSTGRES_", "SANDBOX_")
        self._keys = {n: v for n, v in secrets.items() if not n.startswith(apart)}
        self._pretended = {n: v for n, v in secrets.items() if n.startswith("SANDBOX_")}
        self._run_id = run_id
        self._workers = workers
        self._apart = not together
        self._root = root  # Where cli.py, worker.py and sandbox/ are; tests put stand-ins there.
        self.database = EmbeddedPostgres(
            home.postgres_data,
            ports["postgres"],
            owner_password=secrets["QUITTANCE_POSTGRES_OWNER_PASSWORD"],
            app_password=secrets["QUITTANCE_POSTGRES_APP_PASSWORD"],
            log=self._log("postgres"),
        )
        self.engine = TemporalDevServer(
            home.temporal_db,
            ports["temporal"],
            ports["temporal-ui"],
            search_attributes=SEARCH_ATTRIBUTES,
            log=self._log("temporal"),
        )

    @property
    def worker_names(self) -> list[str]:
        more = (f"worker-{number}" for number in range(2, self._workers + 1))
        return ["worker", *more, *([BATCH_WORKER] if self._apart else [])]

    @property
    def names(self) -> list[str]:
        """Every part, in the order in which they can be ready."""
        first = ["postgres", "temporal", "sandbox", "seed"]
        return [*first, *self.worker_names, "operator", "api"]

    def environment(self, **more: str) -> dict[str, str]:
        """What every process of ours reads; the shell's other QUITTANCE_ settings pass through."""
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(_NOT_INHERITED)}
        never_by_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY"), LOCALHOST]))
        return {
            **inherited,
            "NO_PROXY": never_by_proxy,
            "no_proxy": never_by_proxy,
            "PYTHONUNBUFFERED": "1",
            **self._keys,
            "QUITTANCE_HOME": str(self.home.path),
            "QUITTANCE_ENVIRONMENT": "sandbox",
            "QUITTANCE_LOG_FORMAT": "json",
            "QUITTANCE_DATABASE_URL": self.database.app_url,
            "QUITTANCE_API_HOST": LOCALHOST,
            "QUITTANCE_API_PORT": str(self.ports["api"]),
            "QUITTANCE_FIELDS_URL": self.ports.url("acquirer") + "/fields",
            "QUITTANCE_OPERATOR_HOST": LOCALHOST,
            "QUITTANCE_OPERATOR_PORT": str(self.ports["operator"]),
            # Partners of a sandbox listen on this machine.
            "QUITTANCE_WEBHOOK_HTTP": "true",
            "QUITTANCE_WEBHOOK_NETWORKS": "127.0.0.0/8",
            "TEMPORAL_ADDRESS": self.ports.address("temporal"),
            "TEMPORAL_NAMESPACE": temporal.NAMESPACE,
            "TEMPORAL_CONFIG_FILE": os.devnull,
            RUN_ID_VARIABLE: self._run_id,
            **more,
        }

    def postgres(self) -> Part:
        async def prepare() -> None:
            await asyncio.to_thread(self.database.prepare)

        async def probe() -> None:
            await probes.postgres(self.database)

        command = self._marked(self.database.command())
        return Part(command=command, prepare=prepare, probe=probe)

    def temporal(self) -> Part:
        async def probe() -> None:
            await self.engine.probe()
            await self.engine.keep_history()

        return Part(command=self._marked(self.engine.command()), probe=probe)

    def seed(self, output: Path) -> Command:
        arguments = ("seed", "--migrate", "--json", "--biller-url", self.ports.url("biller"))
        environment = self.environment(QUITTANCE_MIGRATION_DATABASE_URL=self.database.owner_url) | {
            "QUITTANCE_SEED_ACQUIRER_URL": self.ports.url("acquirer"),
            "QUITTANCE_SEED_ACQUIRER_SECRETS": self._pretended["SANDBOX_ACQUIRER_SECRETS"],
            "QUITTANCE_SEED_WEBHOOK_SECRETS": self._pretended["SANDBOX_WEBHOOK_SECRETS"],
            "QUITTANCE_SEED_RAIL_SECRETS": self._pretended["SANDBOX_RAIL_SECRETS"],
            "QUITTANCE_SEED_RAIL_WEBHOOK_SECRETS": self._pretended["SANDBOX_RAIL_WEBHOOK_SECRETS"],
        }
        return self._cli("seed", *arguments, env=environment, output=output)

    def sandbox(self) -> Part:
        command = self._python(
            "sandbox",
            *("-m", "sandbox"),
            *("--port", str(self.ports["sandbox"]), "--biller-port", str(self.ports["biller"])),
            *("--acquirer-port", str(self.ports["acquirer"])),
            *("--receiver-port", str(self.ports["receiver"]), "--journal", str(self.home.journal)),
            env=self._outside(),
        )
        return Part(command=command, probe=probes.health(self.ports.url("sandbox")))

    def _outside(self) -> dict[str, str]:
        """The outside world knows its own secrets and where we listen, and nothing else of ours."""
        ours = self.environment()
        outside = {n: v for n, v in ours.items() if not n.startswith("QUITTANCE_")}
        return {
            **outside,
            RUN_ID_VARIABLE: self._run_id,
            **self._pretended,
            "SANDBOX_WEBHOOK_URL": self.ports.url("api") + "/v1/providers/{acquirer}/webhooks",
        }

    def worker(self, name: str) -> Part:
        ready = self.home.ready_file(name)

        async def prepare() -> None:
            ready.unlink(missing_ok=True)

        environment = self.environment(QUITTANCE_READY_FILE=str(ready), **self._work_of(name))
        command = self._python(name, "worker.py", env=environment)
        return Part(command=command, prepare=prepare, probe=probes.written(ready))

    def _work_of(self, name: str) -> dict[str, str]:
        if not self._apart:
            return {}
        return {"QUITTANCE_WORK": "batches" if name == BATCH_WORKER else "counter,webhooks"}

    def operator(self) -> Part:
        command = self._cli("operator", "operator")
        return Part(command=command, probe=probes.health(self.ports.url("operator")))

    def api(self) -> Part:
        return Part(command=self._cli("api", "api"), probe=probes.health(self.ports.url("api")))

    def demo(self) -> Command:
        return self._cli("demo", "demo")

    def _marked(self, command: Command) -> Command:
        return replace(command, env={**command.env, RUN_ID_VARIABLE: self._run_id})

    def _cli(
        self,
        name: str,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        output: Path | None = None,
    ) -> Command:
        return self._python(name, "cli.py", *arguments, env=env, output=output)

    def _python(
        self,
        name: str,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        output: Path | None = None,
    ) -> Command:
        return Command(
            name=name,
            argv=(sys.executable, *arguments),
            env=env or self.environment(),
            cwd=self._root,
            log=self._log(name),
            output=output,
        )

    def _log(self, name: str) -> Path:
        return self.home.logs / f"{name}.log"
