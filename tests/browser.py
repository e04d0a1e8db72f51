"""A real Chromium for the tests that only a browser can tell; never skipped for want of one."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, BrowserContext, async_playwright, expect

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",  # Its own sandbox does not work for root, as which containers run.
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    # The browser speaks to the tests' own servers and to nobody else.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
INSTALL_TIMEOUT_S: Final = 600
# A machine that is busy with other tests is slow, and that is no finding.
PATIENCE_MS: Final = 60_000


class NoBrowser(Exception):
    """There is no Chromium and it cannot be installed: the browser tests cannot tell anything."""


def chromium() -> str:
    """Where it is: $CHROMIUM, or on the path, or installed now as Debian's own package."""
    named = os.environ.get("CHROMIUM")
    if named is not None:
        if not Path(named).is_file():
            raise NoBrowser(f"$CHROMIUM is {named}, and there is no such file")
        return named
    return _on_the_path() or _installed()


def _on_the_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def _installed() -> str:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise NoBrowser("install Chromium, or name one in $CHROMIUM")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "--yes", "--no-install-recommends", "chromium"]
    for command in ([apt, "update"], install):
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_TIMEOUT_S,
        )
        if done.returncode != 0:
            raise NoBrowser((done.stdout + done.stderr)[-2000:])
    found = _on_the_path()
    if found is None:
        raise NoBrowser("Chromium was installed and is not on the path")
    return found


@asynccontextmanager
async def started_browser() -> AsyncIterator[Browser]:
    """One for all who visit: to start it costs more than what most of them look at."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(),
            args=list(FLAGS),
            headless=True,
            timeout=PATIENCE_MS * 2,
        )
        try:
            expect.set_options(timeout=PATIENCE_MS)
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(browser: Browser) -> AsyncIterator[BrowserContext]:
    """With a profile of its own that begins empty and knows nothing of the others."""
    context = await browser.new_context()
    try:
        context.set_default_timeout(PATIENCE_MS)
        yield context
    finally:
        await context.close()
