"""`cli.py dev`: the whole gateway on one machine, in the foreground, until Ctrl-C."""

import asyncio
import io
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from payments.stack import ports as port_choice
from payments.stack.dev_stack import DevStack, clean_up_after_a_killed_run
from payments.stack.home import REPOSITORY, Home, HomeInUse, HomeNotEmpty, read_json, write_json
from payments.stack.leftovers import Register
from payments.stack.log_view import LogView
from payments.stack.parts import Plan
from payments.stack.ports import Ports, PortsRefused
from payments.stack.process import Command, ending
from payments.stack.progress import Progress, for_console
from payments.stack.supervisor import PartFailed

READY_LINE = "quittance is ready"
_INTERRUPTED = 130  # What shells report for a program that was ended by Ctrl-C.


def run(
    *,
    no_demo: bool = False,
    ephemeral: bool = False,
    ports: str = "",
    workers: int = 1,
    together: bool = False,
    until_eof: bool = False,
    root: Path = REPOSITORY,
) -> int:
    """Run a stack until it is told to stop or cannot go on; answers the exit code."""
    _prepare_stdout()
    console = Console()
    progress = for_console(console)
    try:
        home = Home.make_ephemeral() if ephemeral else Home.find()
        with home.locked():
            for name in clean_up_after_a_killed_run(home):
                progress.say(f"{name}: a killed run had left it behind; it was ended", "yellow")
            register = Register(home.children_file)
            chosen = _choose_ports(home, ports, progress)
            plan = Plan(
                home,
                chosen,
                home.secrets(),
                register.run_id,
                workers=workers,
                together=together,
                root=root,
            )
            session = _Session(DevStack(plan, register, progress), console, progress)
            return asyncio.run(session.run(demo=not no_demo, until_eof=until_eof))
    except (HomeInUse, HomeNotEmpty, PortsRefused) as refusal:
        Console(stderr=True).print(escape(str(refusal)), style="red", soft_wrap=True)
        return 2
    except PartFailed as failure:
        _say_failure(progress, failure)
        return 1
    finally:
        _leave_stdout()


class _Session:
    """One run of the stack in the foreground of somebody's terminal."""

    def __init__(self, stack: DevStack, console: Console, progress: Progress) -> None:
        self._stack = stack
        self._console = console
        self._progress = progress
        self._asked_to_stop = asyncio.Event()
        self._at_once = asyncio.Event()
        self._is_ready = False

    async def run(self, *, demo: bool, until_eof: bool) -> int:
        """Start, stay, stop; the exit code is 0 when somebody stopped a stack that was ready."""
        self._listen_to_signals()
        if until_eof:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._stdin_was_heard)
        work = asyncio.create_task(self._work(demo=demo))
        asked = asyncio.create_task(self._asked_to_stop.wait())
        try:
            await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped_by_us = not work.done()
            work.cancel()
            asked.cancel()
            await asyncio.wait({work})
            if stopped_by_us:
                self._progress.say("stopping; once more Ctrl-C ends everything at once")
            await self._stack.stop(self._at_once)
        if not stopped_by_us:
            work.result()
        self._progress.say("everything is stopped")
        return 0 if self._is_ready else _INTERRUPTED

    async def _work(self, *, demo: bool) -> None:
        started_at = time.monotonic()
        await self._stack.start()
        took_s = time.monotonic() - started_at
        watching = asyncio.create_task(self._stack.watch())
        try:
            if demo:
                await self._run_demo()
            self._say_where(took_s)
            self._is_ready = True
            self._progress.say(READY_LINE, "bold green")
            view = LogView(sys.stdout, coloured=self._console.color_system is not None)
            self._stack.follow(view)
            following = asyncio.create_task(view.follow())
            try:
                await watching
            finally:
                following.cancel()
        finally:
            watching.cancel()

    async def _run_demo(self) -> None:
        """Pay in front of the reader, in a process of its own that speaks for itself."""
        command: Command = self._stack.plan.demo()
        process = await asyncio.create_subprocess_exec(
            *command.wrapped(),
            env=dict(command.env),
            cwd=command.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if code != 0:
            self._progress.say(f"the demo {ending(code)}: not everything was paid", "bold red")

    def _say_where(self, took_s: float) -> None:
        ports, home = self._stack.plan.ports, self._stack.plan.home
        places = {
            "API": ports.url("api"),
            "API documentation": f"{ports.url('operator')}/docs",
            "Operator console": f"{ports.url('operator')}/console",
            "Temporal UI": ports.url("temporal-ui"),
            "Sandbox console": ports.url("sandbox"),
            "Card fields": f"{ports.url('acquirer')}/fields",
            "Keys and addresses": str(home.stack_file),
            "Logs": str(home.logs),
        }
        for name, place in places.items():
            self._progress.say(f"  {name:<20}{place}")
        self._progress.say(f"  up after {took_s:.1f} s; Ctrl-C stops everything")

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup, the end of the terminal is none of our business.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                loop.add_signal_handler(number, self._stop_was_asked)

    def _stdin_was_heard(self) -> None:
        """What is said does not matter; the kernel ends it when nobody can say anything more."""
        if not os.read(sys.stdin.fileno(), 4_096):
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self._asked_to_stop.set()

    def _stop_was_asked(self) -> None:
        if self._asked_to_stop.is_set():
            self._at_once.set()
        self._asked_to_stop.set()


def _choose_ports(home: Home, wish: str, progress: Progress) -> Ports:
    chosen = port_choice.choose(wish or None, read_json(home.ports_file))
    for one in chosen.replaced:
        progress.say(f"port {one.wanted} for {one.name} is busy; it gets {one.given}", "yellow")
    write_json(home.ports_file, dict(chosen.by_name))
    return chosen


def _say_failure(progress: Progress, failure: PartFailed) -> None:
    if failure.log_tail:
        progress.say(f"the last lines of {failure.name}:", "red")
        progress.say(failure.log_tail)
    progress.say(f"quittance stopped: {failure}", "bold red")


def _prepare_stdout() -> None:
    # Line by line also into files and pipes, so that scripts can wait for the ready line.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


def _leave_stdout() -> None:
    """Whoever read our output may be gone; Python would turn that into another exit code."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
