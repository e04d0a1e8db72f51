"""Become another program, and die when the process that asked for it dies.

    python -I -S child.py --parent PID --signal NAME [--uid N --gid N] -- program argument …

Run as a file and not as a module: only the standard library is needed, which keeps the start of
every child short and independent of the virtual environment.
"""

import argparse
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--signal", required=True)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("program", nargs="+")
    wanted = parser.parse_args()

    if wanted.uid is not None:
        _become(wanted.uid, wanted.gid)
    # Only now: the kernel forgets the death signal whenever a process changes its user.
    _die_with_parent(signal.Signals[wanted.signal], wanted.parent)
    _forget_ignored_signals()
    os.execv(wanted.program[0], wanted.program)  # noqa: S606


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _forget_ignored_signals() -> None:
    # An ignored signal stays ignored in the next program: Python ignores SIGPIPE, and a shell
    # that started us in the background had SIGINT ignored.
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _die_with_parent(death_signal: signal.Signals, parent: int) -> None:
    if not sys.platform.startswith("linux"):
        return  # Elsewhere the next start of the stack ends what a killed one has left behind.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, death_signal.value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    # The parent may have died before we asked; then nobody would ever tell us.
    if os.getppid() != parent:
        sys.exit(f"the parent {parent} is gone")


if __name__ == "__main__":
    main()
