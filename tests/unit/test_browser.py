"""Which browser the tests take; a missing one is said, never skipped."""

import os
from pathlib import Path

import pytest

from tests.browser import NoBrowser, chromium


def test_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = tmp_path / "chromium"
    named.touch()
    monkeypatch.setenv("CHROMIUM", str(named))

    assert chromium() == str(named)

    named.unlink()
    with pytest.raises(NoBrowser, match="no such file"):
        chromium()


def test_the_one_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there = tmp_path / "chromium"
    there.touch(mode=0o755)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert chromium() == str(there)


def test_debians_own_is_installed_by_root_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A pretend apt-get, which brings the program that it was asked for."""
    apt, there = tmp_path / "apt-get", tmp_path / "chromium"
    apt.write_text(f'#!/bin/sh\n[ "$1" = update ] || : > {there}; /bin/chmod 755 {there} || :\n')
    apt.chmod(0o755)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoBrowser, match="install Chromium"):
        chromium()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert chromium() == str(there)


def test_what_cannot_be_installed_fails_loudly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\necho 'Unable to locate package chromium'; exit 100\n")
    apt.chmod(0o755)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    with pytest.raises(NoBrowser, match="Unable to locate"):
        chromium()
