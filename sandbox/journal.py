"""The append-only effect journal: on disk before anybody is told, one fsync for all who wait."""

import asyncio
import fcntl
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any


class JournalBroken(Exception):
    """The file cannot be read or written. A house without its journal must not answer anybody."""


class Journal:
    """Append is immediate and in order; `synced` returns once everything appended is on the disk.

    While one fsync runs in its thread, later lines gather; the next fsync takes them all. So a
    hundred payments at once cost two or three fsyncs, and the event loop never waits for a disk.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Woken when a write fails, so that the process can stop instead of answering from memory.
        self.broken = asyncio.Event()
        self._file = _open(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._gathered: list[bytes] = []
        self._appended = 0
        self._durable = 0
        self._flush: asyncio.Task[None] | None = None

    def append(self, line: bytes) -> None:
        """One JSON object, with its line feed."""
        self._gathered.append(line)
        self._appended += 1

    async def synced(self) -> None:
        target = self._appended
        while self._durable < target:
            if self.broken.is_set():
                message = f"{self.path} cannot be written"
                raise JournalBroken(message)
            if self._flush is None:
                self._flush = asyncio.create_task(self._flush_gathered())
            # A caller that is cancelled must not cancel the write the others wait for.
            await asyncio.shield(self._flush)

    def replay(self, fold: Callable[[Mapping[str, Any]], None]) -> None:
        """Read everything back. Half a last line was never promised to anybody and is cut off."""
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.ftruncate(self._file, len(whole))
            os.fsync(self._file)
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                fold(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                message = f"{self.path}, line {number} is not a journal line: {error!r}"
                raise JournalBroken(message) from error

    async def close(self) -> None:
        if not self.broken.is_set():
            await self.synced()
        self._thread.shutdown()
        os.close(self._file)

    async def _flush_gathered(self) -> None:
        lines, self._gathered = self._gathered, []
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, _write_and_sync, self._file, b"".join(lines))
        except OSError as error:
            # The kernel may drop the pages of a failed fsync, so a second try proves nothing.
            self.broken.set()
            message = f"{self.path} cannot be written: {error}"
            raise JournalBroken(message) from error
        else:
            self._durable += len(lines)
        finally:
            self._flush = None


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        message = f"{path} is in use by another sandbox"
        raise JournalBroken(message) from error
    # A new file is only durable once its folder is.
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return file


def _write_and_sync(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]
    os.fsync(file)
