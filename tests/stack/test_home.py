"""What a stack keeps between two starts."""

from pathlib import Path

import pytest

from payments.stack.home import Home, HomeInUse, HomeNotEmpty, write_json


def test_secrets_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    home = Home(tmp_path)

    first = home.secrets()

    assert home.secrets() == first
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_a_secret_that_is_missing_is_added_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("# mine\nQUITTANCE_TOKEN_KEYS=abc,def=\n")

    made = Home(tmp_path).secrets()

    assert made["QUITTANCE_TOKEN_KEYS"] == "abc,def="
    assert len(made["QUITTANCE_ANSWER_KEYS"]) == 44
    pairs = [pair.split("=", 1) for pair in made["SANDBOX_ACQUIRER_SECRETS"].split(",")]
    assert [name for name, _ in pairs] == ["NORTH", "SOUTH"]
    assert pairs[0][1] != pairs[1][1]


def test_a_home_in_use_is_refused_with_the_process_and_the_address(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.locked():
        write_json(home.stack_file, {"api": "http://127.0.0.1:8080"})

        with pytest.raises(HomeInUse, match=r"process \d+ at http://127.0.0.1:8080"), home.locked():
            pass

    with home.locked():
        pass


def test_an_ephemeral_home_is_removed_and_never_somebodys_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUITTANCE_HOME", str(tmp_path / "new"))
    home = Home.make_ephemeral()
    with home.locked():
        assert home.logs.is_dir()
    assert not home.path.exists()

    (tmp_path / "mine.txt").write_text("mine")
    monkeypatch.setenv("QUITTANCE_HOME", str(tmp_path))
    with pytest.raises(HomeNotEmpty):
        Home.make_ephemeral()
